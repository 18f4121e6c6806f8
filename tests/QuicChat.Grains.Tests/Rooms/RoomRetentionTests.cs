using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Rooms;
using QuicChat.Grains.Tests.Cluster;
using QuicChat.Grains.Tests.Stores;
using Xunit;

namespace QuicChat.Grains.Tests.Rooms;

/// <summary>What is cut off because there is too much of it, or because it is too old.</summary>
[Collection(ClusterFixture.Serial)]
public sealed class RoomRetentionTests(ClusterFixture cluster) : RoomTests(cluster)
{
    [Theory, MemberData(nameof(Kinds))]
    public async Task WhatHasGrownTooOldIsNotReadAndIsCutOffAndItsSendersGoOn(StoreKind kind)
    {
        var room = Room(kind);
        var name = room.GetPrimaryKeyString();
        var almost = Cluster.Clock.GetUtcNow() - TimeSpan.FromDays(7) + TimeSpan.FromSeconds(30);
        await StoreAsync(kind, name, Stored(1, 1_500, TimeSpan.FromDays(-1)), Stored(1_501, 10, TimeSpan.Zero));
        // What was too old when the room was activated is not there.
        var page = await room.Read(1, 100);
        Assert.Equal((1_501, 1_510, 10), (page.Tail.FirstOffset, page.Tail.LastOffset, page.Messages.Length));
        Assert.Equal(new PublishReceipt(PublishOutcome.Duplicate, 1_502, 1_510), await room.Publish(Message(1, 1_502)));

        // An idle room: it is only read.
        Cluster.Clock.Advance(TimeSpan.FromMinutes(2));
        page = await room.Read(1, 100);

        Assert.Equal((1_511, 1_510, 0), (page.Tail.FirstOffset, page.Tail.LastOffset, page.Messages.Length));
        Assert.Equal(PublishOutcome.Stored, (await room.Publish(Message(2, 1))).Outcome);
        Assert.Equal(1_511, Assert.Single((await room.Read(1, 100)).Messages).Offset);
        await Cluster.MoveAsync(room);
        Assert.Equal(1_511, Assert.Single((await room.Read(1, 100)).Messages).Offset);
        Assert.Equal(new PublishReceipt(PublishOutcome.Stored, 1_512, 1_511), await room.Publish(Message(1, 1_511)));
        Assert.Equal(PublishOutcome.Forgotten, (await room.Publish(Message(1, 700))).Outcome);
        var entries = 0;
        await Cluster.Stores.Get(kind).OpenAsync(name, "", _ => { }, _ => entries++);
        Assert.InRange(entries, 2, 3);

        RoomLogEntry[] Stored(long first, int count, TimeSpan age) =>
        [
            .. Enumerable.Range(0, count).Select(index => new RoomLogEntry("epoch", new RoomMessage(
                first + index, "user-1", "User 1", "client-1", first + index, almost + age, $"1:{first + index}"), 0)),
        ];
    }

    [Fact]
    public async Task OldMessagesAreCutOffAndTheirSendersGoOn()
    {
        var room = Room(StoreKind.Memory);
        await room.Publish(Message(1, 1));
        var retained = ClusterFixture.Retention;
        for (var number = 1; number <= retained + (retained / 10); number++)
        {
            await room.Publish(Message(2, number));
        }

        var page = await room.Read(1, 100);
        Assert.Equal(retained, page.Tail.LastOffset - page.Tail.FirstOffset + 1);
        Assert.Equal(page.Tail.FirstOffset, page.Messages[0].Offset);
        Assert.Equal(new PublishReceipt(PublishOutcome.Forgotten, 0, 1), await room.Publish(Message(1, 1)));
        await Cluster.MoveAsync(room);
        Assert.Equal(page.Tail, (await room.Read(1, 1)).Tail with { Writer = page.Tail.Writer });
        Assert.Equal(new PublishReceipt(PublishOutcome.Forgotten, 0, 1), await room.Publish(Message(1, 1)));
        Assert.Equal(PublishOutcome.Stored, (await room.Publish(Message(1, 2))).Outcome);
    }

    [Fact]
    public async Task WhoReadsWhileTheLogIsBeingCutOffReadsWhatIsLeft()
    {
        const int Surplus = (ClusterFixture.Retention / 10) + 1;
        var room = Room(StoreKind.Memory);
        RoomPage page;
        using (Cluster.Stores.Memory.HoldTrimmed(room.GetPrimaryKeyString()))
        {
            await room.PublishAll([.. Enumerable.Range(1, ClusterFixture.Retention + Surplus).Select(number => Message(1, number))]);

            page = await room.Read(1, 10);
        }

        Assert.Equal(Enumerable.Range(Surplus + 1, 10).Select(offset => (long)offset), page.Messages.Select(message => message.Offset));
        Assert.Equal(Surplus + 1, page.Tail.FirstOffset);
    }
}
