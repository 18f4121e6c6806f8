using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Rooms;
using QuicChat.Grains.Tests.Cluster;
using QuicChat.Grains.Tests.Stores;
using Xunit;

namespace QuicChat.Grains.Tests.Rooms;

/// <summary>
/// One activation writes a room's log at a time, and knows what is in it: after writes of unknown outcome too, and where another has followed.
/// </summary>
[Collection(ClusterFixture.Serial)]
public sealed class RoomWriterTests(ClusterFixture cluster) : RoomTests(cluster)
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task AfterAWriteOfUnknownOutcomeARepetitionIsStoredOnce(int fault)
    {
        var room = Room(StoreKind.Memory);
        await room.Publish(Message(1, 1));
        Cluster.Stores.Memory.FailNextAppend(room.GetPrimaryKeyString(), (InMemoryRoomLog.Fault)fault);

        var error = await Assert.ThrowsAsync<RoomUnavailableException>(() => room.Publish(Message(1, 2)));
        var receipt = await PublishAgainAsync(room, Message(1, 2));

        Assert.Contains("cannot reach its log", error.Message);
        Assert.Equal(2, receipt.Offset);
        Assert.Equal(new PublishReceipt(PublishOutcome.Stored, 3, 3), await room.Publish(Message(1, 3)));
        Assert.Equal(["1:1", "1:2", "1:3"], (await ReadAllAsync(room)).Select(message => message.Body));
    }

    [Fact]
    public async Task AnActivationThatLostTheLogWritesNothingAndEnds()
    {
        var room = Room(StoreKind.Memory);
        await room.Publish(Message(1, 1));
        await Cluster.Stores.Memory.OpenAsync(room.GetPrimaryKeyString(), "", _ => { }, _ => { });

        var error = await Assert.ThrowsAsync<RoomUnavailableException>(() => room.Publish(Message(1, 2)));

        Assert.Contains("moved to another silo", error.Message);
        Assert.Equal(new PublishReceipt(PublishOutcome.Stored, 2, 2), await PublishAgainAsync(room, Message(1, 2)));
    }

    [Fact]
    public async Task AnActivationThatFindsTheLogTakenWhileItCutsOffEnds()
    {
        var room = Room(StoreKind.Memory);
        var name = room.GetPrimaryKeyString();
        await StoreAsync(StoreKind.Memory, name, [
            .. Enumerable.Range(1, 3).Select(number => new RoomLogEntry("epoch", new RoomMessage(
                number, "user-1", "User 1", "client-1", number, Cluster.Clock.GetUtcNow() - TimeSpan.FromDays(7) + TimeSpan.FromSeconds(30), ""), 0)),
        ]);
        var writer = (await room.Read(1, 1)).Tail.Writer;
        await Cluster.Stores.Memory.OpenAsync(name, "", _ => { }, _ => { });
        Cluster.Clock.Advance(TimeSpan.FromMinutes(1));
        await room.Read(1, 1);

        var tail = await AgainAsync(async () => (await room.Read(1, 1)).Tail);

        Assert.NotEqual(writer, tail.Writer);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(1)]
    public async Task ANumberThatIsOnItsWayUnderAnOlderMessageIsNotGivenOut(int? fault)
    {
        var room = Room(StoreKind.Memory);
        var name = room.GetPrimaryKeyString();
        await room.Publish(Message(1, 1));
        Task<PublishReceipt> older;
        Task<ClientStanding> asked;
        using (Cluster.Stores.Memory.Hold(name))
        {
            if (fault is { } kind)
            {
                Cluster.Stores.Memory.FailNextAppend(name, (InMemoryRoomLog.Fault)kind);
            }

            older = room.Publish(Message(1, 2));
            Assert.Equal(0, (await room.TakeOver("user-2", "client-2")).LastClientSeq);
            asked = room.TakeOver("user-1", "client-1");
            Assert.Equal(0, (await room.TakeOver("user-2", "client-2")).LastClientSeq);
            Assert.False(asked.IsCompleted);
        }

        // 0: refused, so it is free; 1: stored, though the answer was lost.
        Assert.Equal(fault == 0 ? 1 : 2, (await asked).LastClientSeq);
        await Task.WhenAny(older);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AnActivationThatAnotherHasFollowedGivesNoNumbersOut(StoreKind kind)
    {
        var room = Room(kind);
        await room.Publish(Message(1, 1));
        await FollowAsync(kind, room);

        var standing = await AgainAsync(() => room.TakeOver("user-1", "client-1"));

        Assert.Equal(5, standing.LastClientSeq);
        Assert.Equal(new PublishReceipt(PublishOutcome.Stored, 6, 6), await room.Publish(Message(1, 6) with { Term = standing.Term }));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AnActivationThatAnotherHasFollowedDoesNotTellANewGatewayHowFarTheLogReaches(StoreKind kind)
    {
        var room = Room(kind);
        await room.Publish(Message(1, 1));
        await FollowAsync(kind, room);

        var tail = await AgainAsync(() => new TestGateway(Cluster).AttachAsync(room));

        Assert.Equal((1, 5), (tail.FirstOffset, tail.LastOffset));
    }

    [Fact]
    public async Task AnEmptyRoomAsksHourlyWhetherItIsStillTheWriter()
    {
        var room = Room(StoreKind.Memory);
        var gateway = new TestGateway(Cluster);
        var tail = await gateway.AttachAsync(room);
        await Cluster.Stores.Memory.OpenAsync(room.GetPrimaryKeyString(), "", _ => { }, _ => { });
        Assert.Equal(tail, await gateway.AttachAsync(room, tail));

        Cluster.Clock.Advance(TimeSpan.FromHours(1));

        Assert.NotEqual(tail.Writer, (await AgainAsync(() => gateway.AttachAsync(room, tail))).Writer);
    }

    [Fact]
    public async Task ATermThatWasGivenOutHoldsAlsoWhenTheLogIsReadAnew()
    {
        var room = Room(StoreKind.Memory);
        var older = (await room.TakeOver("user-1", "client-1")).Term;
        Assert.Equal(PublishOutcome.Stored, (await room.Publish(Message(1, 1) with { Term = older })).Outcome);
        var newer = (await room.TakeOver("user-1", "client-1")).Term;
        Cluster.Stores.Memory.FailNextAppend(room.GetPrimaryKeyString(), InMemoryRoomLog.Fault.Refused);
        await Assert.ThrowsAsync<RoomUnavailableException>(() => room.Publish(Message(2, 1)));
        Assert.Equal(2, (await room.Publish(Message(2, 1))).Offset);

        Assert.Equal(PublishOutcome.Superseded, (await room.Publish(Message(1, 2) with { Term = older })).Outcome);

        Assert.Equal(PublishOutcome.Stored, (await room.Publish(Message(1, 2) with { Term = newer })).Outcome);
    }

    // A later activation, of which this one has not heard, has stored four more messages.
    private Task FollowAsync(StoreKind kind, IRoomGrain room) => StoreAsync(kind, room.GetPrimaryKeyString(), [
        .. Enumerable.Range(2, 4).Select(number => new RoomLogEntry("epoch", new RoomMessage(
            number, "user-1", "User 1", "client-1", number, Cluster.Clock.GetUtcNow(), $"1:{number}"), 0)),
    ]);
}
