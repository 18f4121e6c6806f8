using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Rooms;
using QuicChat.Grains.Tests.Cluster;
using QuicChat.Grains.Tests.Stores;
using Xunit;

namespace QuicChat.Grains.Tests.Rooms;

/// <summary>Whose message a number stands for: when several streams of one client publish, and when the client was not heard of for long.</summary>
[Collection(ClusterFixture.Serial)]
public sealed class RoomNumbersTests(ClusterFixture cluster)
{
    private static readonly TimeSpan RetentionTime = new RoomOptions().RetentionTime;

    public static TheoryData<StoreKind> Kinds => new(StoreKind.Memory, StoreKind.Redis, StoreKind.Garnet);

    [Theory, MemberData(nameof(Kinds))]
    public async Task WhatAnOlderStreamStillHasOnItsWayIsRefusedAlsoOnAnotherSilo(StoreKind kind)
    {
        var room = Room(kind);
        var older = (await TakeOverAsync(room)).Term;
        Assert.Equal(PublishOutcome.Stored, await PublishAsync(room, 1, "first", older));

        var newer = await TakeOverAsync(room);

        Assert.Equal(1, newer.LastClientSeq);
        Assert.Equal(PublishOutcome.Superseded, await PublishAsync(room, 2, "late", older));
        Assert.Equal(PublishOutcome.Stored, await PublishAsync(room, 2, "new", newer.Term));
        Assert.Equal(PublishOutcome.Superseded, await PublishAsync(room, 3, "late", older));
        Assert.Equal(PublishOutcome.Superseded, await PublishAsync(room, 2, "late", older));
        // What is stored is stored, whoever asks.
        Assert.Equal(PublishOutcome.Duplicate, await PublishAsync(room, 2, "new", older));

        await cluster.MoveAsync(room);

        Assert.Equal(PublishOutcome.Superseded, await PublishAsync(room, 3, "late", older));
        Assert.Equal(PublishOutcome.Stored, await PublishAsync(room, 3, "newer", newer.Term));
        Assert.True((await TakeOverAsync(room)).Term > newer.Term);
        Assert.Equal(["first", "new", "newer"], (await room.Read(1, 100)).Messages.Select(message => message.Body));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AMessageThatComesInBeforeTheNewStreamsOnesDoesNotPassForOneOfThem(StoreKind kind)
    {
        var room = Room(kind);
        var older = (await TakeOverAsync(room)).Term;
        await PublishAsync(room, 1, "first", older);
        var newer = (await TakeOverAsync(room)).Term;
        // Who took over is forgotten with the silo; nothing of it is in the log yet.
        await cluster.MoveAsync(room);
        Assert.Equal(PublishOutcome.Stored, await PublishAsync(room, 2, "late", older));

        Assert.Equal(new PublishReceipt(PublishOutcome.Taken, 0, 2), await room.Publish(Message(2, "new", newer)));

        Assert.Equal(PublishOutcome.Stored, await PublishAsync(room, 3, "new", newer));
        await cluster.MoveAsync(room);
        Assert.Equal(PublishOutcome.Superseded, await PublishAsync(room, 2, "other", older));
        Assert.Equal(PublishOutcome.Taken, await PublishAsync(room, 2, "new", newer));
        Assert.Equal(PublishOutcome.Duplicate, await PublishAsync(room, 3, "new", newer));
        Assert.Equal(["first", "late", "new"], (await room.Read(1, 100)).Messages.Select(message => message.Body));
    }

    [Fact]
    public async Task TheFirstMessageOfAClientIsNotMistakenEither()
    {
        var room = Room(StoreKind.Memory);
        var older = (await TakeOverAsync(room)).Term;
        var newer = (await TakeOverAsync(room)).Term;
        Assert.Equal(PublishOutcome.Stored, await PublishAsync(room, 1, "late", older));

        Assert.Equal(PublishOutcome.Taken, await PublishAsync(room, 1, "new", newer));

        Assert.Equal(PublishOutcome.Stored, await PublishAsync(room, 2, "new", newer));
    }

    [Fact]
    public async Task WhatStandsInLineUnderANumberIsNotAnotherMessagesReceipt()
    {
        var room = Room(StoreKind.Memory);

        var answer = await room.PublishAll([Message(1, "one", 1), Message(1, "other", 1)]);

        Assert.Equal([PublishOutcome.Stored, PublishOutcome.Taken], answer.Receipts.Select(receipt => receipt.Outcome));

        cluster.Stores.Memory.FailNextAppend(room.GetPrimaryKeyString(), InMemoryRoomLog.Fault.Refused);
        await Assert.ThrowsAsync<RoomUnavailableException>(() => room.PublishAll([Message(2, "one", 1), Message(2, "other", 1)]));

        // Neither is stored, so the number is free.
        Assert.Equal(PublishOutcome.Stored, await PublishAsync(room, 2, "other", 1));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task OfClientsWithoutMessagesInTheLogSoManyAreKnownTheNewest(StoreKind kind)
    {
        const int clients = 3 * ClusterFixture.CutOffClients;
        var room = Room(kind);
        for (var client = 1; client <= clients; client++)
        {
            await room.Publish(Message(1, "one of many", 1) with { ClientId = $"client-{client}" });
        }

        // Two steps, so that what is noted in one is forgotten in the other.
        await FillAsync(room, "filler", (2 * ClusterFixture.Retention) + (ClusterFixture.Retention / 5));

        var (known, _) = await ReadNotesAsync(kind, room);
        Assert.Equal(ClusterFixture.CutOffClients, known.Count);
        Assert.All(known, client => Assert.Equal((1, 1), (client.LastClientSeq, client.Term)));
        foreach (var client in known)
        {
            Assert.Equal(PublishOutcome.Forgotten, (await room.Publish(Message(1, "one of many", 1) with { ClientId = client.ClientId })).Outcome);
        }

        var gone = Enumerable.Range(1, clients).Select(client => $"client-{client}").Except(known.Select(client => client.ClientId)).First();
        Assert.Equal(0, (await room.TakeOver("user", gone)).LastClientSeq);
        Assert.Equal(PublishOutcome.Gap, (await room.Publish(Message(2, "goes on", 1) with { ClientId = gone })).Outcome);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AClientIsForgottenWhenItsNoteIsOldAndOneThatComesBackIsNot(StoreKind kind)
    {
        var room = Room(kind);
        var name = room.GetPrimaryKeyString();
        var now = cluster.Clock.GetUtcNow();
        var log = cluster.Stores.Get(kind);
        var (fence, _) = await log.OpenAsync(name, "epoch", _ => { }, _ => { });
        Assert.True(await log.TrimAsync(
            name,
            fence,
            1,
            [
                new CutOffClient("user", "old", 7, 7, now - RetentionTime - TimeSpan.FromMinutes(1)),
                new CutOffClient("user", "back", 7, 7, now - RetentionTime - TimeSpan.FromMinutes(1)),
                new CutOffClient("user", "young", 7, 7, now - RetentionTime + TimeSpan.FromHours(1)),
            ],
            []));
        // Nothing is cut off yet.
        Assert.Equal(7, (await room.TakeOver("user", "old")).LastClientSeq);
        Assert.Equal(PublishOutcome.Stored, (await room.Publish(Message(8, "back", long.MaxValue) with { ClientId = "back" })).Outcome);

        await FillAsync(room, "filler", ClusterFixture.Retention + (ClusterFixture.Retention / 10));

        Assert.Equal(0, (await room.TakeOver("user", "old")).LastClientSeq);
        Assert.Equal(7, (await room.TakeOver("user", "young")).LastClientSeq);
        Assert.Equal(PublishOutcome.Forgotten, (await room.Publish(Message(8, "back", 0) with { ClientId = "back" })).Outcome);
        var (known, _) = await ReadNotesAsync(kind, room);
        Assert.Equal([("young", 7), ("back", 8)], known.Select(client => (client.ClientId, client.LastClientSeq)));
    }

    private static PublishRequest Message(long number, string text, long term) => new("user", "User", "client", number, text, term);

    private static Task<ClientStanding> TakeOverAsync(IRoomGrain room) => room.TakeOver("user", "client");

    private static async Task<PublishOutcome> PublishAsync(IRoomGrain room, long number, string text, long term)
        => (await room.Publish(Message(number, text, term))).Outcome;

    private static async Task FillAsync(IRoomGrain room, string clientId, int messages)
    {
        foreach (var numbers in Enumerable.Range(1, messages).Chunk(100))
        {
            await room.PublishAll([.. numbers.Select(number => Message(number, "", 1) with { ClientId = clientId })]);
        }

        // What is to be cut off is, before the next message is stored.
        await room.Publish(Message(messages + 1, "", 1) with { ClientId = clientId });
    }

    // As whoever opens the log next finds them; the room then has to open it again.
    private async Task<(IReadOnlyList<CutOffClient> Notes, string Fence)> ReadNotesAsync(StoreKind kind, IRoomGrain room)
    {
        await cluster.MoveAsync(room);
        List<CutOffClient> notes = [];
        var (fence, _) = await cluster.Stores.Get(kind).OpenAsync(room.GetPrimaryKeyString(), "", notes.Add, _ => { });
        await cluster.MoveAsync(room);
        return (notes, fence);
    }

    private IRoomGrain Room(StoreKind kind)
    {
        Assert.SkipWhen(kind == StoreKind.Redis && RedisProcess.Missing is not null, RedisProcess.Missing ?? "");
        return cluster.Grains.GetGrain<IRoomGrain>(RoutingRoomLog.NewRoom(kind));
    }
}
