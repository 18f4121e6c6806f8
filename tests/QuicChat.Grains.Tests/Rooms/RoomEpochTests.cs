using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Tests.Cluster;
using QuicChat.Grains.Tests.Stores;
using Xunit;

namespace QuicChat.Grains.Tests.Rooms;

/// <summary>When a room begins a new epoch: where its store has lost messages, and only there.</summary>
[Collection(ClusterFixture.Serial)]
public sealed class RoomEpochTests(ClusterFixture cluster) : RoomTests(cluster)
{
    [Fact]
    public async Task AStoreThatLostMessagesBeginsANewEpoch()
    {
        var room = Room(StoreKind.Memory);
        var gateway = new TestGateway(Cluster);
        for (var number = 1; number <= 5; number++)
        {
            await room.Publish(Message(1, number));
        }

        var before = await gateway.AttachAsync(room);
        Cluster.Stores.Memory.Lose(room.GetPrimaryKeyString(), 2);

        // Its number follows on a message that is gone.
        await Assert.ThrowsAsync<RoomUnavailableException>(() => room.Publish(Message(1, 6)));
        Assert.Equal(new PublishReceipt(PublishOutcome.Gap, 0, 3), await room.Publish(Message(1, 6)));
        Assert.Equal(new PublishReceipt(PublishOutcome.Stored, 4, 4), await room.Publish(Message(1, 4)));

        var after = await gateway.AttachAsync(room);
        Assert.NotEqual(before.Epoch, after.Epoch);
        Assert.Equal(4, after.LastOffset);
        await Cluster.MoveAsync(room);
        Assert.Equal(after.Epoch, (await gateway.AttachAsync(room, after)).Epoch);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AnEmptyRoomKeepsItsEpochOnAnotherSilo(StoreKind kind)
    {
        var room = Room(kind);
        var gateway = new TestGateway(Cluster);
        var before = await gateway.AttachAsync(room);

        await Cluster.MoveAsync(room);

        var after = await gateway.AttachAsync(room, before);
        Assert.Equal((before.Epoch, 1, 0), (after.Epoch, after.FirstOffset, after.LastOffset));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AnEpochThatWasBegunStaysOnAnotherSilo(StoreKind kind)
    {
        var room = Room(kind);
        await room.Publish(Message(1, 1));
        var gateway = new TestGateway(Cluster);
        var found = await gateway.AttachAsync(room);

        var begun = await gateway.AttachAsync(room, found with { Writer = "former", LastOffset = 2 });
        await room.Publish(Message(1, 2));
        await Cluster.MoveAsync(room);

        var after = await gateway.AttachAsync(room, begun);
        Assert.NotEqual(found.Epoch, begun.Epoch);
        Assert.Equal((begun.Epoch, 1, 2), (after.Epoch, after.FirstOffset, after.LastOffset));
    }

    [Fact]
    public async Task AStoreThatWasRolledBackTogetherWithTheSiloIsNoticedHoweverFarTheLogHasGrownSince()
    {
        var room = Room(StoreKind.Memory);
        var (late, early) = (new TestGateway(Cluster), new TestGateway(Cluster));
        await room.PublishAll([.. Enumerable.Range(1, 5).Select(number => Message(1, number))]);
        var seen = await late.AttachAsync(room);
        Cluster.Stores.Memory.Lose(room.GetPrimaryKeyString(), 2);
        await Cluster.MoveAsync(room);

        // One that has not seen what is gone, and one that has never been here, say nothing; nor does who publishes.
        var found = await early.AttachAsync(room, seen with { LastOffset = 3 });
        await room.PublishAll([.. Enumerable.Range(1, 5).Select(number => Message(2, number))]);
        Assert.Equal((seen.Epoch, 8), (found.Epoch, (await early.AttachAsync(room, found)).LastOffset));

        var begun = await late.AttachAsync(room, seen);

        Assert.NotEqual(seen.Epoch, begun.Epoch);
        Assert.Equal(8, begun.LastOffset);
        // Once is enough, also where others have seen the same.
        Assert.Equal(begun, await early.AttachAsync(room, found));
        Assert.Equal(begun, await late.AttachAsync(room, seen));
        Assert.Equal(begun.Epoch, (await room.Read(1, 1)).Tail.Epoch);
    }

    [Fact]
    public async Task AStoreThatForgotAnEpochThatItHadBegunDoesNotUseTheOneBeforeAgain()
    {
        var room = Room(StoreKind.Memory);
        var (late, early) = (new TestGateway(Cluster), new TestGateway(Cluster));
        await room.PublishAll([.. Enumerable.Range(1, 5).Select(number => Message(1, number))]);
        var first = await early.AttachAsync(room);
        Cluster.Stores.Memory.Lose(room.GetPrimaryKeyString(), 2);
        await Cluster.MoveAsync(room);
        var second = await late.AttachAsync(room, first);

        // Once more, to a copy from before the second epoch; by now the log reaches as far as it did in the first.
        Cluster.Stores.Memory.GoBackTo(room.GetPrimaryKeyString(), first.Epoch);
        await Cluster.MoveAsync(room);
        await room.PublishAll([.. Enumerable.Range(1, 5).Select(number => Message(2, number))]);
        var third = await late.AttachAsync(room, second);

        Assert.Equal(3, new HashSet<string> { first.Epoch, second.Epoch, third.Epoch }.Count);
        Assert.Equal(8, third.LastOffset);

        // One that is behind has seen nothing that is lost.
        Assert.Equal(third, await early.AttachAsync(room, first));
        Assert.Equal(third, await late.AttachAsync(room, third));
    }

    [Fact]
    public async Task AnActivationWhoseStoreForgotItsEpochBeginsALaterOne()
    {
        var room = Room(StoreKind.Memory);
        var gateway = new TestGateway(Cluster);
        await room.Publish(Message(1, 1));
        var first = await gateway.AttachAsync(room);
        var second = await gateway.AttachAsync(room, first with { Writer = "former", LastOffset = 2 });
        Cluster.Stores.Memory.GoBackTo(room.GetPrimaryKeyString(), first.Epoch);
        Cluster.Stores.Memory.FailNextAppend(room.GetPrimaryKeyString(), InMemoryRoomLog.Fault.Refused);

        // The log is read anew.
        await Assert.ThrowsAsync<RoomUnavailableException>(() => room.Publish(Message(1, 2)));
        await PublishAgainAsync(room, Message(1, 2));
        var third = await gateway.AttachAsync(room, second);

        Assert.Equal(3, new HashSet<string> { first.Epoch, second.Epoch, third.Epoch }.Count);
    }

    [Fact]
    public async Task ALogThatIsShorterThanItWasWhenItIsReadBeginsANewEpoch()
    {
        var room = Room(StoreKind.Memory);
        await room.PublishAll([.. Enumerable.Range(1, 5).Select(number => Message(1, number))]);
        var before = (await room.Read(5, 1)).Tail;
        Cluster.Stores.Memory.Lose(room.GetPrimaryKeyString(), 2);

        var page = await room.Read(4, 10);

        Assert.Empty(page.Messages);
        Assert.Equal(3, page.Tail.LastOffset);
        Assert.NotEqual(before.Epoch, page.Tail.Epoch);
    }

    [Fact]
    public async Task AReaderThatFindsTheLogShorterWhileAMessageIsBeingStoredIsAnsweredFromTheNewEpoch()
    {
        var room = Room(StoreKind.Memory);
        var name = room.GetPrimaryKeyString();
        await room.PublishAll([.. Enumerable.Range(1, 5).Select(number => Message(1, number))]);
        var before = (await room.Read(5, 1)).Tail;
        Task<PublishReceipt> publishing;
        Task<RoomPage> reading;
        using (Cluster.Stores.Memory.Hold(name))
        {
            publishing = room.Publish(Message(2, 1));
            await Cluster.Stores.Memory.HeldAsync(name);
            Cluster.Stores.Memory.Lose(name, 2);
            reading = room.Read(4, 10);
            await room.GetPresence("gateway");
        }

        var page = await reading;

        Assert.NotEqual(before.Epoch, page.Tail.Epoch);
        Assert.Equal(4, (await publishing).Offset);
    }

    [Fact]
    public async Task OnlyTheLogsWriterSaysThatTheStoreLostMessages()
    {
        const int LostMessages = 1213;
        var room = Room(StoreKind.Memory);
        var name = room.GetPrimaryKeyString();
        var gateway = new TestGateway(Cluster);
        await room.Publish(Message(1, 1));
        var seen = await gateway.AttachAsync(room) with { Writer = "another", LastOffset = 2 };
        await Cluster.Stores.Memory.OpenAsync(name, "", _ => { }, _ => { });

        await Assert.ThrowsAsync<RoomUnavailableException>(() => gateway.AttachAsync(room, seen));

        Assert.Empty(Cluster.Events.Find(LostMessages, name));
        await AgainAsync(() => gateway.AttachAsync(room, seen));
        Assert.Single(Cluster.Events.Find(LostMessages, name));
    }
}
