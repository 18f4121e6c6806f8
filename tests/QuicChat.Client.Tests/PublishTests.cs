using QuicChat.Protocol;
using QuicChat.Protocol.V1;
using Xunit;

namespace QuicChat.Client.Tests;

public sealed class PublishTests(ITestOutputHelper output)
{
    [Fact]
    public async Task MessagesAreNumberedFromTheLastStoredOneInCallOrder()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync(joined: JoinedAfter(lastClientSeq: 41));
        await using (client)
        {
            var first = room.PublishAsync("first");
            var second = room.PublishAsync("second");

            Assert.Equal(new Publish { ClientSeq = 42, Body = "first" }, await stream.ReadPublishAsync());
            Assert.Equal(new Publish { ClientSeq = 43, Body = "second" }, await stream.ReadPublishAsync());
            await stream.AckAsync(42, 100);
            Assert.Equal(new PublishReceipt(100, 42), await first.For("the first receipt"));
            Assert.False(second.IsCompleted);
            await stream.AckAsync(43, 102);
            Assert.Equal(new PublishReceipt(102, 43), await second.For("the second receipt"));
        }
    }

    [Fact]
    public async Task NoMoreThanTheWindowIsInFlight()
    {
        using var gateway = new TestGateway();
        var (client, connection, room, stream) = await gateway.JoinAsync(gateway.Options(maxPublishesInFlight: 3));
        await using (client)
        {
            var publishing = Enumerable.Range(1, 10).Select(i => room.PublishAsync($"{i}")).ToArray();
            await ReadAsync(stream, 3);
            for (ulong seq = 1; seq <= 10; seq++)
            {
                var next = seq <= 7 ? stream.TryReadAsync() : null;
                await connection.ReadControlUntilNowAsync();
                Assert.False(next?.IsCompleted is true, "A fourth message is in flight.");

                await stream.AckAsync(seq, seq);
                Assert.Equal(next is null ? null : seq + 3, (await (next ?? NoneAsync()).For("the next message"))?.Publish.ClientSeq);
            }

            await Task.WhenAll(publishing).For("all receipts");
        }
    }

    [Fact]
    public async Task AnswersMayComeInAnyOrder()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            var publishing = Enumerable.Range(1, 3).Select(i => room.PublishAsync($"{i}")).ToArray();
            await ReadAsync(stream, 3);
            await stream.AckAsync(3, 3);
            await stream.AckAsync(1, 1);
            await stream.AckAsync(2, 2);

            Assert.Equal([1, 2, 3], (await Task.WhenAll(publishing).For("all receipts")).Select(receipt => receipt.Offset));
            var next = room.PublishAsync("4");
            Assert.Equal(4UL, (await stream.ReadPublishAsync()).ClientSeq);
            await stream.AckAsync(4, 4);
            await next.For("the receipt");
        }
    }

    [Fact]
    public async Task ARejectedMessageFailsAloneAndItsNumberIsUsedAgain()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            var refusing = room.PublishAsync("rude");
            await stream.ReadPublishAsync();
            await stream.RejectAsync(1, ErrorCode.NotAllowed, "mind your words");

            var refused = await Assert.ThrowsAsync<PublishRejectedException>(() => refusing.For("the refusal"));
            Assert.Equal("Room 'lobby' refused the message with NOT_ALLOWED: mind your words", refused.Message);
            Assert.Equal((ErrorCode.NotAllowed, TimeSpan.Zero, false), (refused.Code!.Value, refused.RetryAfter, refused.IsReconnectable));

            var publishing = room.PublishAsync("kind");
            Assert.Equal(new Publish { ClientSeq = 1, Body = "kind" }, await stream.ReadPublishAsync());
            await stream.AckAsync(1, 1);
            Assert.Equal(new PublishReceipt(1, 1), await publishing.For("the receipt"));
        }
    }

    [Fact]
    public async Task ThoseInFlightBehindARejectedOneAreSentAgainOnceAllAreAnswered()
    {
        using var gateway = new TestGateway();
        var (client, connection, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            var stored = room.PublishAsync("a");
            var refused = room.PublishAsync("b");
            var behind = room.PublishAsync("c");
            var last = room.PublishAsync("d");
            await ReadAsync(stream, 4);
            await stream.AckAsync(1, 1);
            await stream.RejectAsync(2, ErrorCode.NotAllowed);
            await stream.RejectAsync(3, ErrorCode.ProtocolViolation, "2 is missing");

            await Assert.ThrowsAsync<PublishRejectedException>(() => refused.For("the refusal"));
            var waiting = room.PublishAsync("e");
            var next = stream.TryReadAsync();
            await connection.ReadControlUntilNowAsync();
            Assert.False(next.IsCompleted, "2 is used again while 4 is still under way: 4 could be stored behind it, in place of another message.");

            await stream.RejectAsync(4, ErrorCode.ProtocolViolation, "2 is missing");
            Assert.Equal(new Publish { ClientSeq = 2, Body = "c" }, (await next.For("the next message"))!.Publish);

            // One at a time at first, then twice as many with each one stored.
            next = stream.TryReadAsync();
            await connection.ReadControlUntilNowAsync();
            Assert.False(next.IsCompleted);
            await stream.AckAsync(2, 2);
            Assert.Equal(new Publish { ClientSeq = 3, Body = "d" }, (await next.For("the next message"))!.Publish);
            Assert.Equal(new Publish { ClientSeq = 4, Body = "e" }, await stream.ReadPublishAsync());
            await stream.AckAsync(3, 3);
            await stream.AckAsync(4, 4);

            var receipts = await Task.WhenAll(stored, behind, last, waiting).For("the receipts");
            Assert.Equal([1, 2, 3, 4], receipts.Select(receipt => receipt.ClientSeq));
        }
    }

    [Fact]
    public async Task ARefusalThatOvertakesTheReceiptBeforeItIsNotTakenForItsOwn()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            var first = room.PublishAsync("a");
            var second = room.PublishAsync("b");
            await ReadAsync(stream, 2);
            await stream.RejectAsync(2, ErrorCode.ProtocolViolation, "1 is missing");
            await stream.AckAsync(1, 1);
            await first.For("the first receipt");

            Assert.Equal(new Publish { ClientSeq = 2, Body = "b" }, await stream.ReadPublishAsync());
            await stream.AckAsync(2, 2);
            await second.For("the second receipt");
        }
    }

    [Fact]
    public async Task AfterARefusalThatAsksForAPauseTheNextMessagesWaitForIt()
    {
        using var gateway = new TestGateway();
        var (client, connection, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            var refusing = room.PublishAsync("too fast");
            await stream.ReadPublishAsync();
            await stream.RejectAsync(1, ErrorCode.RateLimited, retryAfterMs: 500);
            var refused = await Assert.ThrowsAsync<PublishRejectedException>(() => refusing.For("the refusal"));
            Assert.Equal((TimeSpan.FromMilliseconds(500), true), (refused.RetryAfter, refused.IsReconnectable));

            var publishing = room.PublishAsync("again");
            var next = stream.TryReadAsync();
            gateway.Time.Advance(TimeSpan.FromMilliseconds(499));
            await connection.ReadControlUntilNowAsync();
            Assert.False(next.IsCompleted);

            gateway.Time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Equal(new Publish { ClientSeq = 1, Body = "again" }, (await next.For("the message after the pause"))!.Publish);
            await stream.AckAsync(1, 1);
            await publishing.For("the receipt");
        }
    }

    [Fact]
    public async Task AMessageThatIsCancelledBeforeItsTurnIsNeverSent()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync(gateway.Options(maxPublishesInFlight: 1));
        await using (client)
        {
            using var cancellation = new CancellationTokenSource();
            var first = room.PublishAsync("first");
            var cancelled = room.PublishAsync("cancelled", cancellation.Token);
            var last = room.PublishAsync("last");
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.For("the cancellation"));

            Assert.Equal("first", (await stream.ReadPublishAsync()).Body);
            await stream.AckAsync(1, 1);
            Assert.Equal(new Publish { ClientSeq = 2, Body = "last" }, await stream.ReadPublishAsync());
            await stream.AckAsync(2, 2);
            await Task.WhenAll(first, last).For("the receipts");
        }
    }

    [Fact]
    public async Task AMessageThatIsCancelledInFlightKeepsItsNumber()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            using var cancellation = new CancellationTokenSource();
            var cancelled = room.PublishAsync("cancelled", cancellation.Token);
            await stream.ReadPublishAsync();
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.For("the cancellation"));

            var publishing = room.PublishAsync("next");
            Assert.Equal(2UL, (await stream.ReadPublishAsync()).ClientSeq);
            await stream.AckAsync(1, 1);
            await stream.AckAsync(2, 2);
            await publishing.For("the receipt");
        }
    }

    [Fact]
    public async Task AnAnswerTwiceIsAViolation()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            _ = room.PublishAsync("a");
            var second = room.PublishAsync("b");
            await ReadAsync(stream, 2);
            await stream.AckAsync(2, 2);
            await stream.AckAsync(2, 2);

            Assert.Contains("Ack for client_seq 2", (await client.Closed.For("the end")).Message, StringComparison.Ordinal);
            await second.For("the receipt that came before");
        }
    }

    [Fact]
    public async Task ATextThatCannotBeStoredIsRefusedBeforeItIsSent()
    {
        using var gateway = new TestGateway();
        var (client, _, room, _) = await gateway.JoinAsync();
        await using (client)
        {
            await Assert.ThrowsAsync<ArgumentException>(() => room.PublishAsync(new string('x', ProtocolLimits.MaxBodyBytes + 1)));
            await Assert.ThrowsAsync<ArgumentException>(() => room.PublishAsync("half a pair \ud83d"));
            await Assert.ThrowsAsync<ArgumentException>(() => room.PublishAsync(null!));
        }
    }

    public static TheoryData<int> Seeds => [1, 2, 3, 4, 5, 6, 7, 8, Random.Shared.Next()];

    [Theory, MemberData(nameof(Seeds))]
    public async Task WhateverIsRefusedTheRestIsStoredOnceAndInCallOrder(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync(gateway.Options(maxPublishesInFlight: random.Next(1, 20)));
        await using (client)
        {
            const int All = 300;
            var refusals = Enumerable.Range(0, All).Where(_ => random.Next(5) == 0).ToHashSet();
            var publishing = Enumerable.Range(0, All).Select(i => room.PublishAsync($"{i}")).ToArray();

            var log = await ServeAsync(stream, refusals, random, until: Task.WhenAll(publishing)).For("all messages to be judged");

            Assert.Equal(Enumerable.Range(0, All).Where(i => !refusals.Contains(i)).Select(i => $"{i}"), log);
            for (var i = 0; i < All; i++)
            {
                if (refusals.Contains(i))
                {
                    await Assert.ThrowsAsync<PublishRejectedException>(() => publishing[i].For($"the refusal of {i}"));
                }
                else
                {
                    var receipt = await publishing[i].For($"the receipt of {i}");
                    Assert.Equal($"{i}", log[(int)receipt.Offset - 1]);
                }
            }
        }
    }

    // A gateway by the delivery contract: stores the next number only, refuses what it does not like, and lets answers overtake each other.
    private static async Task<List<string>> ServeAsync(GatewayStream stream, HashSet<int> refusals, Random random, Task until)
    {
        var log = new List<string>();
        var answers = new List<Func<Task>>();
        Task<ClientFrame?>? reading = null;
        while (true)
        {
            reading ??= stream.TryReadAsync();
            if (answers.Count > 0 && (!reading.IsCompleted || random.Next(3) == 0))
            {
                var i = random.Next(answers.Count);
                var answer = answers[i];
                answers.RemoveAt(i);
                await answer();
                continue;
            }

            if (await Task.WhenAny(reading, until) == until)
            {
                return log;
            }

            var publish = (await reading)!.Publish;
            reading = null;
            if (publish.ClientSeq > (ulong)log.Count + 1)
            {
                answers.Add(() => stream.RejectAsync(publish.ClientSeq, ErrorCode.ProtocolViolation, "a gap"));
            }
            else if (refusals.Contains(int.Parse(publish.Body)))
            {
                answers.Add(() => stream.RejectAsync(publish.ClientSeq, ErrorCode.NotAllowed));
            }
            else
            {
                Assert.Equal((ulong)log.Count + 1, publish.ClientSeq);
                log.Add(publish.Body);
                var offset = (ulong)log.Count;
                answers.Add(() => stream.AckAsync(publish.ClientSeq, offset));
            }
        }
    }

    private static Task<ClientFrame?> NoneAsync() => Task.FromResult<ClientFrame?>(null);

    private static Joined JoinedAfter(ulong lastClientSeq) => new() { Position = new Position { Epoch = "e1" }, LastClientSeq = lastClientSeq };

    private static async Task ReadAsync(GatewayStream stream, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await stream.ReadPublishAsync();
        }
    }
}
