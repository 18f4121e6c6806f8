using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Rooms;
using QuicChat.Grains.Tests.Cluster;
using QuicChat.Grains.Tests.Stores;
using Xunit;

namespace QuicChat.Grains.Tests.Rooms;

[Collection(ClusterFixture.Serial)]
public sealed class RoomGrainTests(ClusterFixture cluster, ITestOutputHelper output)
{
    public static TheoryData<StoreKind> Kinds => new(StoreKind.Memory, StoreKind.Redis, StoreKind.Garnet);

    [Theory, MemberData(nameof(Kinds))]
    public async Task ConcurrentPublishersGetOneDenseOrderThatAllSee(StoreKind kind)
    {
        const int publishers = 8, messages = 50;
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var room = Room(kind);
        var gateways = new[] { new TestGateway(cluster), new TestGateway(cluster) };
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

        var gateway = new TestGateway(cluster);
        var before = await gateway.AttachAsync(room);

        await cluster.MoveAsync(room);

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
        List<Task<ImmutableArray<PublishReceipt>>> publishing = [];
        using (cluster.Stores.Memory.Hold(room.GetPrimaryKeyString()))
        {
            for (var publisher = 1; publisher <= 3; publisher++)
            {
                publishing.Add(room.PublishAll([.. Enumerable.Range(1, 40).Select(number => Message(publisher, number))]));
            }

            // Others are served meanwhile.
            Assert.Equal(0, (await room.TakeOver("user-4", "client-4")).LastClientSeq);
            Assert.DoesNotContain(publishing, publish => publish.IsCompleted);
        }

        var receipts = (await Task.WhenAll(publishing)).SelectMany(receipts => receipts);

        Assert.Equal(Enumerable.Range(1, 120).Select(offset => (long)offset), receipts.Select(receipt => receipt.Offset).Order());
        Assert.InRange(cluster.Stores.Memory.AppendsOf(room.GetPrimaryKeyString()), 1, 3);
    }

    [Fact]
    public async Task MessagesPublishedTogetherKeepTheirOrderAndAreWrittenAtOnce()
    {
        var room = Room(StoreKind.Memory);
        await room.Publish(Message(1, 1));

        var receipts = await room.PublishAll([Message(1, 1), Message(1, 2), Message(2, 1), Message(1, 3), Message(1, 5), Message(1, 3)]);

        Assert.Equal(
            [
                (PublishOutcome.Duplicate, 1), (PublishOutcome.Stored, 2), (PublishOutcome.Stored, 3),
                (PublishOutcome.Stored, 4), (PublishOutcome.Gap, 0), (PublishOutcome.Duplicate, 4),
            ],
            receipts.Select(receipt => (receipt.Outcome, receipt.Offset)));
        Assert.Equal(2, cluster.Stores.Memory.AppendsOf(room.GetPrimaryKeyString()));
        Assert.Empty(await room.PublishAll([]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task AfterAWriteOfUnknownOutcomeARepetitionIsStoredOnce(int fault)
    {
        var room = Room(StoreKind.Memory);
        await room.Publish(Message(1, 1));
        cluster.Stores.Memory.FailNextAppend(room.GetPrimaryKeyString(), (InMemoryRoomLog.Fault)fault);

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
        await cluster.Stores.Memory.OpenAsync(room.GetPrimaryKeyString(), "", _ => { }, _ => { });

        var error = await Assert.ThrowsAsync<RoomUnavailableException>(() => room.Publish(Message(1, 2)));

        Assert.Contains("moved to another silo", error.Message);
        Assert.Equal(new PublishReceipt(PublishOutcome.Stored, 2, 2), await PublishAgainAsync(room, Message(1, 2)));
    }

    [Fact]
    public async Task AStoreThatLostMessagesBeginsANewEpoch()
    {
        var room = Room(StoreKind.Memory);
        var gateway = new TestGateway(cluster);
        for (var number = 1; number <= 5; number++)
        {
            await room.Publish(Message(1, number));
        }

        var before = await gateway.AttachAsync(room);
        cluster.Stores.Memory.Lose(room.GetPrimaryKeyString(), 2);

        // Its number follows on a message that is gone.
        await Assert.ThrowsAsync<RoomUnavailableException>(() => room.Publish(Message(1, 6)));
        Assert.Equal(new PublishReceipt(PublishOutcome.Gap, 0, 3), await room.Publish(Message(1, 6)));
        Assert.Equal(new PublishReceipt(PublishOutcome.Stored, 4, 4), await room.Publish(Message(1, 4)));

        var after = await gateway.AttachAsync(room);
        Assert.NotEqual(before.Epoch, after.Epoch);
        Assert.Equal(4, after.LastOffset);
        await cluster.MoveAsync(room);
        Assert.Equal(after.Epoch, (await gateway.AttachAsync(room, after)).Epoch);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AnEmptyRoomKeepsItsEpochOnAnotherSilo(StoreKind kind)
    {
        var room = Room(kind);
        var gateway = new TestGateway(cluster);
        var before = await gateway.AttachAsync(room);

        await cluster.MoveAsync(room);

        var after = await gateway.AttachAsync(room, before);
        Assert.Equal((before.Epoch, 1, 0), (after.Epoch, after.FirstOffset, after.LastOffset));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AnEpochThatWasBegunStaysOnAnotherSilo(StoreKind kind)
    {
        var room = Room(kind);
        await room.Publish(Message(1, 1));
        var gateway = new TestGateway(cluster);
        var found = await gateway.AttachAsync(room);

        var begun = await gateway.AttachAsync(room, found with { Writer = "former", LastOffset = 2 });
        await room.Publish(Message(1, 2));
        await cluster.MoveAsync(room);

        var after = await gateway.AttachAsync(room, begun);
        Assert.NotEqual(found.Epoch, begun.Epoch);
        Assert.Equal((begun.Epoch, 1, 2), (after.Epoch, after.FirstOffset, after.LastOffset));
    }

    [Fact]
    public async Task AStoreThatWasRolledBackTogetherWithTheSiloIsNoticedHoweverFarTheLogHasGrownSince()
    {
        var room = Room(StoreKind.Memory);
        var (late, early) = (new TestGateway(cluster), new TestGateway(cluster));
        await room.PublishAll([.. Enumerable.Range(1, 5).Select(number => Message(1, number))]);
        var seen = await late.AttachAsync(room);
        cluster.Stores.Memory.Lose(room.GetPrimaryKeyString(), 2);
        await cluster.MoveAsync(room);

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
        var (late, early) = (new TestGateway(cluster), new TestGateway(cluster));
        await room.PublishAll([.. Enumerable.Range(1, 5).Select(number => Message(1, number))]);
        var first = await early.AttachAsync(room);
        cluster.Stores.Memory.Lose(room.GetPrimaryKeyString(), 2);
        await cluster.MoveAsync(room);
        var second = await late.AttachAsync(room, first);

        // Once more, to a copy from before the second epoch; by now the log reaches as far as it did in the first.
        cluster.Stores.Memory.GoBackTo(room.GetPrimaryKeyString(), first.Epoch);
        await cluster.MoveAsync(room);
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
        var gateway = new TestGateway(cluster);
        await room.Publish(Message(1, 1));
        var first = await gateway.AttachAsync(room);
        var second = await gateway.AttachAsync(room, first with { Writer = "former", LastOffset = 2 });
        cluster.Stores.Memory.GoBackTo(room.GetPrimaryKeyString(), first.Epoch);
        cluster.Stores.Memory.FailNextAppend(room.GetPrimaryKeyString(), InMemoryRoomLog.Fault.Refused);

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
        cluster.Stores.Memory.Lose(room.GetPrimaryKeyString(), 2);

        var page = await room.Read(4, 10);

        Assert.Empty(page.Messages);
        Assert.Equal(3, page.Tail.LastOffset);
        Assert.NotEqual(before.Epoch, page.Tail.Epoch);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task WhatHasGrownTooOldIsNotReadAndIsCutOffAndItsSendersGoOn(StoreKind kind)
    {
        var room = Room(kind);
        var name = room.GetPrimaryKeyString();
        var almost = cluster.Clock.GetUtcNow() - TimeSpan.FromDays(7) + TimeSpan.FromSeconds(30);
        await StoreAsync(kind, name, Stored(1, 1_500, TimeSpan.FromDays(-1)), Stored(1_501, 10, TimeSpan.Zero));
        // What was too old when the room was activated is not there.
        var page = await room.Read(1, 100);
        Assert.Equal((1_501, 1_510, 10), (page.Tail.FirstOffset, page.Tail.LastOffset, page.Messages.Length));
        Assert.Equal(new PublishReceipt(PublishOutcome.Duplicate, 1_502, 1_510), await room.Publish(Message(1, 1_502)));

        // An idle room: it is only read.
        cluster.Clock.Advance(TimeSpan.FromMinutes(2));
        page = await room.Read(1, 100);

        Assert.Equal((1_511, 1_510, 0), (page.Tail.FirstOffset, page.Tail.LastOffset, page.Messages.Length));
        Assert.Equal(PublishOutcome.Stored, (await room.Publish(Message(2, 1))).Outcome);
        Assert.Equal(1_511, Assert.Single((await room.Read(1, 100)).Messages).Offset);
        await cluster.MoveAsync(room);
        Assert.Equal(1_511, Assert.Single((await room.Read(1, 100)).Messages).Offset);
        Assert.Equal(new PublishReceipt(PublishOutcome.Stored, 1_512, 1_511), await room.Publish(Message(1, 1_511)));
        Assert.Equal(PublishOutcome.Forgotten, (await room.Publish(Message(1, 700))).Outcome);
        var entries = 0;
        await cluster.Stores.Get(kind).OpenAsync(name, "", _ => { }, _ => entries++);
        Assert.InRange(entries, 2, 3);

        RoomLogEntry[] Stored(long first, int count, TimeSpan age) =>
        [
            .. Enumerable.Range(0, count).Select(index => new RoomLogEntry("epoch", new RoomMessage(
                first + index, "user-1", "User 1", "client-1", first + index, almost + age, $"1:{first + index}"))),
        ];
    }

    [Fact]
    public async Task AnActivationThatFindsTheLogTakenWhileItCutsOffEnds()
    {
        var room = Room(StoreKind.Memory);
        var name = room.GetPrimaryKeyString();
        await StoreAsync(StoreKind.Memory, name, [
            .. Enumerable.Range(1, 3).Select(number => new RoomLogEntry("epoch", new RoomMessage(
                number, "user-1", "User 1", "client-1", number, cluster.Clock.GetUtcNow() - TimeSpan.FromDays(7) + TimeSpan.FromSeconds(30), ""))),
        ]);
        var writer = (await room.Read(1, 1)).Tail.Writer;
        await cluster.Stores.Memory.OpenAsync(name, "", _ => { }, _ => { });
        cluster.Clock.Advance(TimeSpan.FromMinutes(1));
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
        using (cluster.Stores.Memory.Hold(name))
        {
            if (fault is { } kind)
            {
                cluster.Stores.Memory.FailNextAppend(name, (InMemoryRoomLog.Fault)kind);
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
        await cluster.MoveAsync(room);
        Assert.Equal(page.Tail, (await room.Read(1, 1)).Tail with { Writer = page.Tail.Writer });
        Assert.Equal(new PublishReceipt(PublishOutcome.Forgotten, 0, 1), await room.Publish(Message(1, 1)));
        Assert.Equal(PublishOutcome.Stored, (await room.Publish(Message(1, 2))).Outcome);
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
    public async Task ASlowGatewayHoldsNobodyUp()
    {
        var room = Room(StoreKind.Memory);
        var (slow, quick) = (new TestGateway(cluster), new TestGateway(cluster));
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        slow.OnDeliver = _ => release.Task;
        await slow.AttachAsync(room);
        await quick.AttachAsync(room);

        for (var number = 1; number <= 150; number++)
        {
            await room.Publish(Message(1, number));
        }

        Assert.Equal(150, (await quick.MessagesAsync(150)).Count);
        Assert.False(slow.HasMessages);
        release.SetResult();
        // One that was under way, then what gathered meanwhile in batches of at most 100.
        Assert.Equal((await ReadAllAsync(room)).Select(message => message.Offset), (await slow.MessagesAsync(150)).Select(message => message.Offset));
        Assert.Equal(100, slow.LargestBatch);
    }

    [Fact]
    public async Task ABusyRoomIsFewCallsToAGatewayAndOneThatWasIdleSendsAtOnce()
    {
        const int Messages = 400;
        var room = Room(StoreKind.Memory);
        var (gateway, batches) = (new TestGateway(cluster), 0);
        gateway.OnDeliver = _ =>
        {
            Interlocked.Increment(ref batches);
            return Task.CompletedTask;
        };
        await gateway.AttachAsync(room);
        var started = Stopwatch.GetTimestamp();
        await room.Publish(Message(1, 1));
        await gateway.MessagesAsync(1);
        Assert.Equal(1, batches);

        for (var number = 2; number <= Messages; number++)
        {
            await room.Publish(Message(1, number));
        }

        await gateway.MessagesAsync(Messages - 1);
        var intervals = Stopwatch.GetElapsedTime(started) / new RoomOptions().DeliveryInterval;
        Assert.InRange(batches, Messages / 100, Math.Min(Messages / 100 + intervals + 2, Messages));
        output.WriteLine($"{batches} calls for {Messages} messages in {intervals * 15:0} ms");
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
    public async Task AnAttachmentLapsesUnlessItIsRenewed()
    {
        var room = Room(StoreKind.Memory);
        var (lapsing, renewing, leaving) = (new TestGateway(cluster), new TestGateway(cluster), new TestGateway(cluster));
        foreach (var gateway in new[] { lapsing, renewing, leaving })
        {
            await gateway.AttachAsync(room);
        }

        await room.Detach(leaving.Id);
        cluster.Clock.Advance(TimeSpan.FromSeconds(6));
        await renewing.AttachAsync(room);
        cluster.Clock.Advance(TimeSpan.FromSeconds(6));
        await room.Publish(Message(1, 1));

        Assert.Single(await renewing.MessagesAsync(1));
        Assert.False(lapsing.HasMessages);
        Assert.False(leaving.HasMessages);
    }

    [Fact]
    public async Task ANullIsRefusedBeforeItCanSpoilTheLog()
    {
        var room = Room(StoreKind.Memory);

        await Assert.ThrowsAsync<ArgumentNullException>(() => room.Publish(Message(1, 1) with { Body = null! }));

        Assert.Equal(PublishOutcome.Stored, (await room.Publish(Message(1, 1))).Outcome);
    }

    private static PublishRequest Message(int publisher, long number)
        => new($"user-{publisher}", $"User {publisher}", $"client-{publisher}", number, $"{publisher}:{number}", 0);

    private static async Task<IReadOnlyList<RoomMessage>> ReadAllAsync(IRoomGrain room)
    {
        List<RoomMessage> all = [];
        while (true)
        {
            var page = await room.Read(all.Count + 1, 100);
            if (page.Messages.IsEmpty)
            {
                return all;
            }

            all.AddRange(page.Messages);
        }
    }

    private async Task StoreAsync(StoreKind kind, string room, params RoomLogEntry[][] batches)
    {
        var log = cluster.Stores.Get(kind);
        var (fence, _) = await log.OpenAsync(room, "epoch", _ => { }, _ => { });
        foreach (var entries in batches)
        {
            Assert.Equal(RoomLogAppend.Stored, await log.AppendAsync(room, fence, entries[0].Message.Offset - 1, entries));
        }
    }

    private static Task<PublishReceipt> PublishAgainAsync(IRoomGrain room, PublishRequest request) => AgainAsync(() => room.Publish(request));

    // An activation on its way out may refuse a call or two.
    private static async Task<T> AgainAsync<T>(Func<Task<T>> call)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call();
            }
            catch (RoomUnavailableException) when (attempt < 10)
            {
            }
        }
    }

    private IRoomGrain Room(StoreKind kind)
    {
        Assert.SkipWhen(kind == StoreKind.Redis && RedisProcess.Missing is not null, RedisProcess.Missing ?? "");
        return cluster.Grains.GetGrain<IRoomGrain>(RoutingRoomLog.NewRoom(kind));
    }
}
