using System.Collections.Concurrent;
using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Tests.Cluster;
using QuicChat.Grains.Tests.Stores;
using Xunit;

namespace QuicChat.Grains.Tests.Rooms;

/// <summary>What a room answers: one order, dense offsets, pages.</summary>
[Collection(ClusterFixture.Serial)]
public sealed class RoomGrainTests(ClusterFixture cluster, ITestOutputHelper output) : RoomTests(cluster)
{
    [Theory, MemberData(nameof(Kinds))]
    public async Task ConcurrentPublishersGetOneDenseOrderThatAllSee(StoreKind kind)
    {
        const int publishers = 8, messages = 50;
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var room = Room(kind);
        var gateways = new[] { new TestGateway(Cluster), new TestGateway(Cluster) };
        foreach (var gateway in gateways)
        {
            await gateway.AttachAsync(room);
        }

        var acknowledged = new ConcurrentDictionary<long, string>();
        await Task.WhenAll(Enumerable.Range(0, publishers).Select(async publisher =>
        {
            var random = new Random(unchecked(seed + publisher));
            for (var number = 1; number <= messages; number++)
            {
                // Some are sent twice, at once or again.
                var sending = Enumerable.Range(0, random.Next(1, 3)).Select(_ => room.Publish(Message(publisher, number))).ToList();
                var receipts = await Task.WhenAll(sending);
                Assert.Single(receipts, receipt => receipt.Outcome == PublishOutcome.Stored);
                Assert.Single(receipts.Select(receipt => receipt.Offset).Distinct());
                Assert.True(acknowledged.TryAdd(receipts[0].Offset, $"{publisher}:{number}"), "An offset was given twice.");
            }
        }));

        Assert.Equal(Enumerable.Range(1, publishers * messages).Select(offset => (long)offset), acknowledged.Keys.Order());
        var log = await ReadAllAsync(room);
        Assert.Equal(acknowledged.OrderBy(item => item.Key).Select(item => item.Value), log.Select(message => message.Body));
        Assert.All(
            log.GroupBy(message => message.UserId), sent => Assert.Equal(sent.Select(message => message.ClientSeq).Order(), sent.Select(message => message.ClientSeq)));
        foreach (var gateway in gateways)
        {
            Assert.Equal(log, await gateway.MessagesAsync(log.Count));
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AnotherSiloGoesOnWhereThisOneWas(StoreKind kind)
    {
        var room = Room(kind);
        for (var number = 1; number <= 5; number++)
        {
            await room.Publish(Message(1, number));
        }

        var gateway = new TestGateway(Cluster);
        var before = await gateway.AttachAsync(room);

        await Cluster.MoveAsync(room);

        var after = await gateway.AttachAsync(room, before);
        Assert.NotEqual(before.Writer, after.Writer);
        Assert.Equal(before with { Writer = after.Writer }, after);
        var standing = await room.TakeOver("user-1", "client-1");
        Assert.Equal(5, standing.LastClientSeq);
        Assert.Equal(new PublishReceipt(PublishOutcome.Duplicate, 3, 5), await room.Publish(Message(1, 3)));
        Assert.Equal(new PublishReceipt(PublishOutcome.Stored, 6, 6), await room.Publish(Message(1, 6) with { Term = standing.Term }));
        Assert.Equal(6, Assert.Single(await gateway.MessagesAsync(1)).Offset);
    }

    [Fact]
    public async Task ANumberAboveTheNextIsRefusedAndOneSentBeforeAnswersItsOffset()
    {
        var room = Room(StoreKind.Memory);

        Assert.Equal(new PublishReceipt(PublishOutcome.Gap, 0, 0), await room.Publish(Message(1, 2)));
        Assert.Equal(new PublishReceipt(PublishOutcome.Forgotten, 0, 0), await room.Publish(Message(1, 0)));
        Assert.Equal(new PublishReceipt(PublishOutcome.Stored, 1, 1), await room.Publish(Message(1, 1)));
        Assert.Equal(new PublishReceipt(PublishOutcome.Stored, 2, 1), await room.Publish(Message(2, 1)));
        Assert.Equal(new PublishReceipt(PublishOutcome.Duplicate, 1, 1), await room.Publish(Message(1, 1)));
        Assert.Equal(new PublishReceipt(PublishOutcome.Gap, 0, 1), await room.Publish(Message(1, 3)));
        Assert.Equal(new PublishReceipt(PublishOutcome.Stored, 3, 1), await room.Publish(Message(1, 1) with { ClientId = "another" }));
        Assert.Equal(0, (await room.TakeOver("user-1", "unknown")).LastClientSeq);
    }

    [Fact]
    public async Task WhatArrivesDuringAWriteGoesOutWithTheNextOne()
    {
        var room = Room(StoreKind.Memory);
        List<Task<PublishAnswer>> publishing = [];
        using (Cluster.Stores.Memory.Hold(room.GetPrimaryKeyString()))
        {
            for (var publisher = 1; publisher <= 3; publisher++)
            {
                publishing.Add(room.PublishAll([.. Enumerable.Range(1, 40).Select(number => Message(publisher, number))]));
            }

            // Others are served meanwhile.
            Assert.Equal(0, (await room.TakeOver("user-4", "client-4")).LastClientSeq);
            Assert.DoesNotContain(publishing, publish => publish.IsCompleted);
        }

        var receipts = (await Task.WhenAll(publishing)).SelectMany(answer => answer.Receipts);

        Assert.Equal(Enumerable.Range(1, 120).Select(offset => (long)offset), receipts.Select(receipt => receipt.Offset).Order());
        Assert.InRange(Cluster.Stores.Memory.AppendsOf(room.GetPrimaryKeyString()), 1, 3);
    }

    [Fact]
    public async Task MessagesPublishedTogetherKeepTheirOrderAndAreWrittenAtOnce()
    {
        var room = Room(StoreKind.Memory);
        await room.Publish(Message(1, 1));

        var answer = await room.PublishAll([Message(1, 1), Message(1, 2), Message(2, 1), Message(1, 3), Message(1, 5), Message(1, 3)]);

        Assert.Equal(
            [
                (PublishOutcome.Duplicate, 1), (PublishOutcome.Stored, 2), (PublishOutcome.Stored, 3),
                (PublishOutcome.Stored, 4), (PublishOutcome.Gap, 0), (PublishOutcome.Duplicate, 4),
            ],
            answer.Receipts.Select(receipt => (receipt.Outcome, receipt.Offset)));
        Assert.Equal(2, Cluster.Stores.Memory.AppendsOf(room.GetPrimaryKeyString()));
        Assert.Empty((await room.PublishAll([])).Receipts);
    }

    [Fact]
    public async Task ReadingIsBoundedAndForgiving()
    {
        var room = Room(StoreKind.Memory);
        Assert.Empty((await room.Read(1, 10)).Messages);
        await room.PublishAll([.. Enumerable.Range(1, 150).Select(number => Message(1, number))]);

        Assert.Equal(Enumerable.Range(1, 100).Select(offset => (long)offset), (await room.Read(long.MinValue, int.MaxValue)).Messages.Select(message => message.Offset));
        Assert.Equal([149, 150], (await room.Read(149, 100)).Messages.Select(message => message.Offset));
        Assert.Empty((await room.Read(151, 100)).Messages);
        Assert.Empty((await room.Read(long.MaxValue, 100)).Messages);
        Assert.Empty((await room.Read(1, -1)).Messages);
    }

    [Fact]
    public async Task APageHoldsSoManyBytesAtMostAndAtLeastOneMessage()
    {
        var room = Room(StoreKind.Memory);
        var body = new string('x', 32 * 1024);
        await room.PublishAll([.. Enumerable.Range(1, 10).Select(number => Message(1, number) with { Body = body })]);

        Assert.Equal([1, 2], (await room.Read(1, 100)).Messages.Select(message => message.Offset));
        Assert.Equal(10, Assert.Single((await room.Read(10, 100)).Messages).Offset);
    }

    [Fact]
    public async Task LargeMessagesAreReadFromTheLogAboutOnceAndSmallOnesInWholePages()
    {
        var room = Room(StoreKind.Memory);
        var body = new string('x', 32 * 1024);
        await room.PublishAll([.. Enumerable.Range(1, 200).Select(
            number => Message(1, number) with { Body = number <= 100 ? body : "small" })]);

        for (var from = 1; from <= 100; from += 2)
        {
            Assert.Equal([from, from + 1], (await room.Read(from, 100)).Messages.Select(message => message.Offset));
        }

        Assert.InRange(Cluster.Stores.Memory.ReadsOf(room.GetPrimaryKeyString()), 100, 120);
        Assert.Equal(
            Enumerable.Range(101, 100).Select(offset => (long)offset),
            (await room.Read(101, 100)).Messages.Select(message => message.Offset));

        // Those who read both in turn do not have large ones read in vain, either.
        var before = Cluster.Stores.Memory.ReadsOf(room.GetPrimaryKeyString());
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(2, (await room.Read(1, 100)).Messages.Length);
            Assert.Equal(100, (await room.Read(101, 100)).Messages.Length);
        }

        Assert.InRange(Cluster.Stores.Memory.ReadsOf(room.GetPrimaryKeyString()) - before, 50 * 102, 50 * 104);
    }

    [Fact]
    public async Task ANullIsRefusedBeforeItCanSpoilTheLog()
    {
        var room = Room(StoreKind.Memory);

        await Assert.ThrowsAsync<ArgumentNullException>(() => room.Publish(Message(1, 1) with { Body = null! }));

        Assert.Equal(PublishOutcome.Stored, (await room.Publish(Message(1, 1))).Outcome);
    }
}
