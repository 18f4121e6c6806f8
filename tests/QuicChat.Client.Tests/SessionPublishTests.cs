using QuicChat.Protocol.V1;
using Xunit;

namespace QuicChat.Client.Tests;

/// <summary>What becomes of messages whose connection ends before their answer.</summary>
public sealed class SessionPublishTests
{
    [Fact]
    public async Task WhatHasNoAnswerIsSentAgainInOrderUnderTheSameNumbersAndBeforeAllElse()
    {
        using var gateway = new TestGateway { Jitter = () => 0.5 };
        var (session, connection, room, stream, states) = await gateway.JoinSessionAsync(joined: Joined("e1", 41));
        await using (session)
        {
            var publishing = Enumerable.Range(1, 4).Select(i => room.PublishAsync($"{i}")).ToList();
            await ReadAsync(stream, 42, 43, 44, 45);
            await stream.AckAsync(43, 12);
            await publishing[1].For("the second receipt");
            connection.Lose();
            await states.NextAsync<SessionState.Reconnecting>();
            publishing.Add(room.PublishAsync("5"));

            // 42 and 43 are known to be stored; 44 is, too, and 45 is not.
            gateway.Time.Advance(TimeSpan.FromSeconds(1));
            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, _) = await connection.AcceptJoinAsync(Recovered("e1", 44));
            Assert.Equal(["1 as 42", "3 as 44", "4 as 45", "5 as 46"], await ReadAsync(stream, 42, 44, 45, 46));
            foreach (var (seq, offset) in ((ulong, ulong)[])[(42, 11), (44, 13), (45, 14), (46, 15)])
            {
                await stream.AckAsync(seq, offset);
            }

            var receipts = await Task.WhenAll(publishing).For("all receipts");
            Assert.Equal([11, 12, 13, 14, 15], receipts.Select(receipt => receipt.Offset));
            Assert.Equal([42, 43, 44, 45, 46], receipts.Select(receipt => receipt.ClientSeq));
        }
    }

    [Fact]
    public async Task WhatIsStoredSoLongAgoThatItsPlaceIsNotKnownIsStoredAllTheSame()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync();
        await using (session)
        {
            var publishing = Enumerable.Range(1, 3).Select(i => room.PublishAsync($"{i}")).ToList();
            await ReadAsync(stream, 1, 2, 3);
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, _) = await connection.AcceptJoinAsync(Recovered("e1", 2));
            await ReadAsync(stream, 1, 2, 3);
            await stream.RejectAsync(1, ErrorCode.NotAllowed, "too long ago");
            Assert.Equal(new PublishReceipt(PublishReceipt.UnknownOffset, 1), await publishing[0].For("the first receipt"));

            // A gateway that is busy is asked again, under the same number; the others do not wait for it.
            await stream.RejectAsync(2, ErrorCode.RateLimited, retryAfterMs: 100);
            await stream.AckAsync(3, 9);
            Assert.Equal(9, (await publishing[2].For("the third receipt")).Offset);
            var next = stream.TryReadAsync();
            await connection.ReadControlUntilNowAsync();
            Assert.False(next.IsCompleted);
            gateway.Time.Advance(TimeSpan.FromMilliseconds(100));
            Assert.Equal(new Publish { ClientSeq = 2, Body = "2" }, (await next.For("the repeat"))!.Publish);
            await stream.AckAsync(2, 8);
            Assert.Equal(8, (await publishing[1].For("the second receipt")).Offset);
        }
    }

    [Fact]
    public async Task InANewEpochNumbersThatAreTakenAreUnknownAndTheRestGoesOnBehindThem()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync(joined: Joined("e1", 10));
        await using (session)
        {
            var publishing = Enumerable.Range(1, 3).Select(i => room.PublishAsync($"{i}")).ToList();
            await ReadAsync(stream, 11, 12, 13);
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, _) = await connection.AcceptJoinAsync(Joined("e2", 11));

            var unknown = await Assert.ThrowsAsync<PublishUnknownException>(() => publishing[0].For("the first outcome"));
            Assert.Equal(PublishUnknownCause.LogReplaced, unknown.Cause);
            Assert.Contains("'e2' after 'e1'", unknown.Message, StringComparison.Ordinal);
            Assert.Equal(["2 as 12", "3 as 13"], await ReadAsync(stream, 12, 13));
        }
    }

    [Theory]
    [InlineData("e2", 0)] // the log was lost
    [InlineData("e2", 7)] // the log lost acknowledged messages
    [InlineData("e1", 7)] // the same, and nobody but this client knows
    public async Task AfterALossOfTheStoreNumbersBeginBehindWhatItStillHas(string epoch, ulong lastClientSeq)
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync(joined: Joined("e1", 9));
        await using (session)
        {
            var acknowledged = room.PublishAsync("acknowledged, and lost by the store");
            var publishing = Enumerable.Range(1, 2).Select(i => room.PublishAsync($"{i}")).ToList();
            await ReadAsync(stream, 10, 11, 12);
            await stream.AckAsync(10, 10);
            await acknowledged.For("the receipt");
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, _) = await connection.AcceptJoinAsync(Joined(epoch, lastClientSeq));

            Assert.Equal([$"1 as {lastClientSeq + 1}", $"2 as {lastClientSeq + 2}"], await ReadAsync(stream, lastClientSeq + 1, lastClientSeq + 2));
            await stream.AckAsync(lastClientSeq + 1, 1);
            await stream.AckAsync(lastClientSeq + 2, 2);
            await Task.WhenAll(publishing).For("the receipts");
        }
    }

    [Fact]
    public async Task WhereSomeoneElseUsesTheClientIdItCannotBeKnownWhoseIsStored()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync();
        await using (session)
        {
            var sent = room.PublishAsync("sent");
            await ReadAsync(stream, 1);
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, _) = await connection.AcceptJoinAsync(Recovered("e1", 2));
            var unknown = await Assert.ThrowsAsync<PublishUnknownException>(() => sent.For("the outcome"));
            Assert.Equal(PublishUnknownCause.ClientIdShared, unknown.Cause);

            var next = room.PublishAsync("next");
            Assert.Equal(["next as 3"], await ReadAsync(stream, 3));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhoseNumberHoldsAnotherConnectionsMessageFailsAloneAndTheOthersGoOnBehindIt(bool isRepeat)
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync();
        await using (session)
        {
            var publishing = Enumerable.Range(1, 2).Select(i => room.PublishAsync($"{i}")).ToList();
            await ReadAsync(stream, 1, 2);
            if (isRepeat)
            {
                connection.Lose();
                (connection, _) = await gateway.WelcomeNextAsync();
                (stream, _) = await connection.AcceptJoinAsync(Recovered("e1", 2));
                await ReadAsync(stream, 1, 2);
            }

            await stream.RejectAsync(1, ErrorCode.ClientIdTaken);
            await stream.AckAsync(2, 2);

            var refusal = await Assert.ThrowsAsync<PublishRejectedException>(() => publishing[0].For("the refusal"));
            Assert.Equal(ErrorCode.ClientIdTaken, refusal.Code);
            Assert.Equal(2, (await publishing[1].For("the receipt")).Offset);
            var next = room.PublishAsync("1");
            Assert.Equal(["1 as 3"], await ReadAsync(stream, 3));
            await stream.AckAsync(3, 3);
            await next.For("the receipt");
        }
    }

    [Fact]
    public async Task ARoomWhoseStreamANewerOneEndedIsJoinedAgain()
    {
        using var gateway = new TestGateway { Jitter = () => 0 };
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync();
        await using (session)
        {
            var sent = room.PublishAsync("1");
            await ReadAsync(stream, 1);
            stream.Abort(ErrorCode.ClientIdTaken);

            (stream, _) = await connection.AcceptJoinAsync(Recovered("e1", 0));
            Assert.Equal(["1 as 1"], await ReadAsync(stream, 1));
            await stream.AckAsync(1, 1);
            await sent.For("the receipt");
        }
    }

    [Theory]
    [InlineData(20_000, false)]
    [InlineData(5, true)] // nothing was cut off, so nothing of this client was
    public async Task WhereTheRoomHasForgottenTheClientItCannotBeKnownWhatIsStored(ulong offset, bool isRecovered)
    {
        using var gateway = new TestGateway();
        var joined = new Joined { Position = new Position { Epoch = "e1", Offset = 5 } };
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync(joined: joined);
        await using (session)
        {
            var sent = room.PublishAsync("sent");
            await ReadAsync(stream, 1);
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            joined = new Joined { Position = new Position { Epoch = "e1", Offset = offset }, Recovered = isRecovered };
            (stream, _) = await connection.AcceptJoinAsync(joined);
            if (isRecovered)
            {
                Assert.Equal(["sent as 1"], await ReadAsync(stream, 1));
                return;
            }

            var unknown = await Assert.ThrowsAsync<PublishUnknownException>(() => sent.For("the outcome"));
            Assert.Equal(PublishUnknownCause.Forgotten, unknown.Cause);
            _ = room.PublishAsync("next");
            Assert.Equal(["next as 1"], await ReadAsync(stream, 1));
        }
    }

    [Fact]
    public async Task ARefusalBeforeTheLossStandsAndThoseBehindItTakeItsNumber()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync();
        await using (session)
        {
            var publishing = Enumerable.Range(1, 5).Select(i => room.PublishAsync($"{i}")).ToList();
            await ReadAsync(stream, 1, 2, 3, 4, 5);
            await stream.AckAsync(1, 1);
            await stream.RejectAsync(2, ErrorCode.NotAllowed, "mind your words");
            await stream.RejectAsync(3, ErrorCode.ProtocolViolation, "2 is missing");
            Assert.Equal(ErrorCode.NotAllowed, (await Assert.ThrowsAsync<PublishRejectedException>(() => publishing[1].For("the refusal"))).Code);
            await SettleAsync(room, stream);
            connection.Lose();

            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, _) = await connection.AcceptJoinAsync(Recovered("e1", 1, offset: 1));
            Assert.Equal(["3 as 2"], await ReadAsync(stream, 2));
            await stream.AckAsync(2, 2);
            Assert.Equal(["4 as 3", "5 as 4"], await ReadAsync(stream, 3, 4));
            await stream.AckAsync(3, 3);
            await stream.AckAsync(4, 4);
            await Task.WhenAll(publishing[2], publishing[3], publishing[4]).For("the receipts");
        }
    }

    [Fact]
    public async Task ARefusalThatOvertookAnAnswerIsDecidedOnTheNextConnection()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync();
        await using (session)
        {
            var publishing = Enumerable.Range(1, 3).Select(i => room.PublishAsync($"{i}")).ToList();
            await ReadAsync(stream, 1, 2, 3);
            await stream.RejectAsync(2, ErrorCode.ProtocolViolation, "1 is missing");
            await SettleAsync(room, stream);
            connection.Lose();

            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, _) = await connection.AcceptJoinAsync(Recovered("e1", 0, offset: 1));
            Assert.Equal(["1 as 1"], await ReadAsync(stream, 1));
            await stream.AckAsync(1, 1);
            Assert.Equal(["2 as 2", "3 as 3"], await ReadAsync(stream, 2, 3));
            await stream.AckAsync(2, 2);
            await stream.AckAsync(3, 3);
            await Task.WhenAll(publishing).For("the receipts");
        }
    }

    [Fact]
    public async Task WhatIsRefusedForGoodOnTheNextConnectionFailsAloneThere()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync();
        await using (session)
        {
            var publishing = Enumerable.Range(1, 3).Select(i => room.PublishAsync($"{i}")).ToList();
            await ReadAsync(stream, 1, 2, 3);
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, _) = await connection.AcceptJoinAsync(Recovered("e1", 0));
            await ReadAsync(stream, 1, 2, 3);
            await stream.RejectAsync(1, ErrorCode.FrameTooLarge, retryAfterMs: 50);
            await stream.RejectAsync(2, ErrorCode.ProtocolViolation);
            await stream.RejectAsync(3, ErrorCode.ProtocolViolation);
            Assert.Equal(ErrorCode.FrameTooLarge, (await Assert.ThrowsAsync<PublishRejectedException>(() => publishing[0].For("the refusal"))).Code);
            var next = ReadAsync(stream, 1);
            await SettleAsync(room, stream);
            gateway.Time.Advance(TimeSpan.FromMilliseconds(50));
            Assert.Equal(["2 as 1"], await next);

            // Refused for now, as a message that never was on another stream: it fails.
            await stream.RejectAsync(1, ErrorCode.RateLimited);
            Assert.Equal(ErrorCode.RateLimited, (await Assert.ThrowsAsync<PublishRejectedException>(() => publishing[1].For("the refusal"))).Code);
            Assert.Equal(["3 as 1"], await ReadAsync(stream, 1));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatIsRefusedForNowOnTheNextConnectionKeepsItsNumberForItsEarlierCopyMayYetBeStored(bool isStoredMeanwhile)
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync();
        await using (session)
        {
            var publishing = Enumerable.Range(1, 3).Select(i => room.PublishAsync($"{i}")).ToList();
            await ReadAsync(stream, 1, 2, 3);
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, _) = await connection.AcceptJoinAsync(Recovered("e1", 0));
            publishing.Add(room.PublishAsync("4"));
            await ReadAsync(stream, 1, 2, 3, 4);

            // The first copies of 1 and 2 come to the room before this gateway's copy of 2, or after that of 3.
            await stream.RejectAsync(1, ErrorCode.RateLimited, retryAfterMs: 50);
            if (isStoredMeanwhile)
            {
                await stream.AckAsync(2, 2);
            }
            else
            {
                await stream.RejectAsync(2, ErrorCode.ProtocolViolation, "1 is missing");
            }

            await stream.RejectAsync(3, ErrorCode.RateLimited, retryAfterMs: 20);
            await stream.RejectAsync(4, ErrorCode.ProtocolViolation, "3 is missing");
            var next = ReadAsync(stream, 1);
            await SettleAsync(room, stream);
            gateway.Time.Advance(TimeSpan.FromMilliseconds(49));
            await connection.ReadControlUntilNowAsync();
            Assert.False(next.IsCompleted);
            gateway.Time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Equal(["1 as 1"], await next);
            await stream.AckAsync(1, 1);
            if (isStoredMeanwhile)
            {
                Assert.Equal(["3 as 3", "4 as 4"], await ReadAsync(stream, 3, 4));
            }
            else
            {
                Assert.Equal(["2 as 2", "3 as 3"], await ReadAsync(stream, 2, 3));
                await stream.AckAsync(2, 2);
                Assert.Equal(["4 as 4"], await ReadAsync(stream, 4));
            }

            await stream.AckAsync(3, 3);
            await stream.AckAsync(4, 4);
            Assert.Equal([1, 2, 3, 4], (await Task.WhenAll(publishing).For("the receipts")).Select(receipt => receipt.Offset));
        }
    }

    [Fact]
    public async Task TheQueueIsBoundedAndSaysSoWhenItIsFull()
    {
        using var gateway = new TestGateway { Jitter = () => 0.5 };
        var (session, connection, room, stream, states) = await gateway.JoinSessionAsync(sessionOptions: new ChatSessionOptions { MaxPendingPublishes = 3 });
        await using (session)
        {
            var sent = room.PublishAsync("sent");
            await ReadAsync(stream, 1);
            connection.Lose();
            await states.NextAsync<SessionState.Reconnecting>();
            var queued = Enumerable.Range(1, 2).Select(i => room.PublishAsync($"{i}")).ToList();
            var full = await Assert.ThrowsAsync<PublishQueueFullException>(() => room.PublishAsync("one too many"));
            Assert.Equal("Room 'lobby' has 3 messages without an answer, as many as are kept. Wait for some of their receipts, then publish again.", full.Message);
            Assert.True(full.IsReconnectable);

            gateway.Time.Advance(TimeSpan.FromSeconds(1));
            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, _) = await connection.AcceptJoinAsync(Recovered("e1", 0));
            await ReadAsync(stream, 1, 2, 3);
            await stream.AckAsync(1, 1);
            await sent.For("the receipt");
            var next = room.PublishAsync("room again");
            Assert.Equal(["room again as 4"], await ReadAsync(stream, 4));
        }
    }

    [Fact]
    public async Task CancellingTakesBackWhatWasNotSentAndSaysSoOfWhatWas()
    {
        using var gateway = new TestGateway { Jitter = () => 0.5 };
        var (session, connection, room, stream, states) = await gateway.JoinSessionAsync();
        await using (session)
        {
            using var cancellation = new CancellationTokenSource();
            var sent = room.PublishAsync("sent", cancellation.Token);
            var behind = room.PublishAsync("behind");
            await ReadAsync(stream, 1, 2);
            connection.Lose();
            await states.NextAsync<SessionState.Reconnecting>();
            var queued = room.PublishAsync("queued", cancellation.Token);
            var last = room.PublishAsync("last");
            await cancellation.CancelAsync();

            Assert.Null((await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued.For("what was not sent"))).InnerException);
            var given = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sent.For("what was sent"));
            Assert.Equal(PublishUnknownCause.Cancelled, Assert.IsType<PublishUnknownException>(given.InnerException).Cause);
            Assert.Equal(cancellation.Token, given.CancellationToken);

            // Its number must not be left out, for those behind it are refused then.
            gateway.Time.Advance(TimeSpan.FromSeconds(1));
            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, _) = await connection.AcceptJoinAsync(Recovered("e1", 0));
            Assert.Equal(["sent as 1", "behind as 2", "last as 3"], await ReadAsync(stream, 1, 2, 3));
        }
    }

    private static Joined Joined(string epoch, ulong lastClientSeq) => new() { Position = new Position { Epoch = epoch }, LastClientSeq = lastClientSeq };

    private static Joined Recovered(string epoch, ulong lastClientSeq, ulong offset = 0)
        => new() { Position = new Position { Epoch = epoch, Offset = offset }, LastClientSeq = lastClientSeq, Recovered = true };

    private static async Task<List<string>> ReadAsync(GatewayStream stream, params ulong[] clientSeqs)
    {
        var read = new List<string>();
        foreach (var clientSeq in clientSeqs)
        {
            var publish = await stream.ReadPublishAsync();
            Assert.Equal(clientSeq, publish.ClientSeq);
            read.Add($"{publish.Body} as {publish.ClientSeq}");
        }

        return read;
    }

    // What the gateway has sent before has been taken once this message, too, has arrived.
    private static async Task SettleAsync(SessionRoom room, GatewayStream stream)
    {
        await stream.SendMessageAsync((ulong)room.Position.Offset + 1);
        await foreach (var _ in room.ReadAllAsync())
        {
            return;
        }
    }
}
