using QuicChat.Protocol;
using QuicChat.Protocol.V1;
using Xunit;

namespace QuicChat.Client.Tests;

public sealed class RoomTests
{
    [Fact]
    public async Task JoiningSaysWhereToGoOnAndLearnsWhereItDoes()
    {
        using var gateway = new TestGateway();
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            var joining = client.JoinAsync("lobby", new JoinOptions { Newest = 20, After = new RoomPosition("e7", 41) });
            var stream = await connection.AcceptStreamAsync();
            Assert.Equal(
                new Join { Room = "lobby", Newest = 20, After = new Position { Epoch = "e7", Offset = 41 } }, (await stream.ReadAsync()).Join);
            Assert.False(joining.IsCompleted);

            await stream.SendAsync(new ServerFrame { Joined = new Joined { Position = new Position { Epoch = "e7", Offset = 41 }, Recovered = true } });
            var room = await joining.For("the room to be joined");
            Assert.Equal(("lobby", new RoomPosition("e7", 41), true), (room.Name, room.JoinedAt, room.IsRecovered));
            Assert.Equal(room.JoinedAt, room.Position);
        }
    }

    [Fact]
    public async Task WithoutOptionsOnlyNewMessagesAreAskedFor()
    {
        using var gateway = new TestGateway();
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            var joining = client.JoinAsync("lobby");
            var stream = await connection.AcceptStreamAsync();

            Assert.Equal(new Join { Room = "lobby" }, (await stream.ReadAsync()).Join);
            await stream.SendAsync(new ServerFrame { Joined = new Joined { Position = new Position { Epoch = "e1", Offset = 9 } } });
            Assert.False((await joining.For("the room to be joined")).IsRecovered);
        }
    }

    [Fact]
    public async Task MessagesArriveInOrderWithAllThatIsKnownOfThem()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync(
            joined: new Joined { Position = new Position { Epoch = "e1", Offset = 6 }, Recovered = false });
        await using (client)
        {
            await stream.SendMessageAsync(7, "seven");
            await stream.SendMessageAsync(8, "eight");

            await using var reading = room.ReadAllAsync().GetAsyncEnumerator();
            Assert.Equal(
                new ChatMessage(7, "bob", "Bob", DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000), "seven", "bobs-phone", 7),
                await NextAsync(reading));
            Assert.Equal(7, room.Position.Offset);
            Assert.Equal("eight", (await NextAsync(reading)).Body);
            Assert.Equal(new RoomPosition("e1", 8), room.Position);
        }
    }

    [Fact]
    public async Task ReadingCanBeLeftAndTakenUpAgain()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            for (ulong offset = 1; offset <= 3; offset++)
            {
                await stream.SendMessageAsync(offset);
                await foreach (var message in room.ReadAllAsync())
                {
                    Assert.Equal((long)offset, message.Offset);
                    break;
                }
            }

            await using var reading = room.ReadAllAsync().GetAsyncEnumerator();
            var waiting = reading.MoveNextAsync().AsTask();
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await room.ReadAllAsync().GetAsyncEnumerator().MoveNextAsync());
            await stream.SendMessageAsync(4);
            Assert.True(await waiting.For("the last message"));
        }
    }

    [Theory]
    [InlineData(1, "message 4 came behind 2")] // a hole
    [InlineData(-1, "message 2 came behind 2")] // a repeat
    public async Task AHoleOrARepeatIsAViolationAndNeverHidden(int step, string expected)
    {
        using var gateway = new TestGateway();
        var (client, connection, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            await stream.SendMessageAsync(1);
            await stream.SendMessageAsync(2);
            await stream.SendMessageAsync((ulong)(3 + step));

            var read = new List<long>();
            var failure = await Assert.ThrowsAsync<ChatClosedException>(async () =>
            {
                await foreach (var message in room.ReadAllAsync())
                {
                    read.Add(message.Offset);
                }
            });
            Assert.Equal([1, 2], read);
            Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
            Assert.Equal((ChatCloseOrigin.Client, ErrorCode.ProtocolViolation), (failure.Reason.Origin, failure.Code!.Value));
            Assert.Equal(1UL, (await connection.Server.Closed.For("the gateway's side of the end")).ApplicationErrorCode);
        }
    }

    public static TheoryData<ServerFrame, string> Violations => new()
    {
        { new ServerFrame { Joined = new Joined() }, "a Joined frame came on its stream" },
        { new ServerFrame { Welcome = new Welcome() }, "a Welcome frame came on its stream" },
        { new ServerFrame { Ack = new Ack { ClientSeq = 1, Offset = 1 } }, "Ack for client_seq 1, which awaits no answer" },
        { new ServerFrame { Reject = new Reject { ClientSeq = 1 } }, "Reject for client_seq 1, which awaits no answer" },
        { new ServerFrame { History = new History { FromOffset = 1 } }, "which was not asked for" },
        { new ServerFrame { Message = new Message { Offset = 0 } }, "a message has the offset 0" },
        { new ServerFrame { Message = new Message { Offset = ulong.MaxValue } }, "offset is 18446744073709551615, out of range" },
        { new ServerFrame { Message = new Message { Offset = 1, SentAtMs = long.MaxValue } }, "message 1 has a time out of range" },
    };

    [Theory, MemberData(nameof(Violations))]
    public async Task AFrameThatDoesNotBelongEndsTheConnection(ServerFrame frame, string expected)
    {
        using var gateway = new TestGateway();
        var (client, _, _, stream) = await gateway.JoinAsync();
        await using (client)
        {
            await stream.SendAsync(frame);

            var reason = await client.Closed.For("the connection's end");
            Assert.Contains(expected, reason.Message, StringComparison.Ordinal);
            Assert.Equal(ErrorCode.ProtocolViolation, reason.Code);
        }
    }

    public static TheoryData<ServerFrame, string> BadAnswers => new()
    {
        { new ServerFrame { Message = GatewayStream.NewMessage(1, "early") }, "its stream began with Message, not Joined" },
        { new ServerFrame { Joined = new Joined() }, "Joined has no position" },
        { new ServerFrame { Joined = new Joined { Position = new Position { Offset = 1 } } }, "Joined has no position" },
        {
            new ServerFrame { Joined = new Joined { Position = new Position { Epoch = "e1", Offset = 6 }, Recovered = true } },
            "recovered, but goes on behind RoomPosition { Epoch = e1, Offset = 6 }"
        },
    };

    [Theory, MemberData(nameof(BadAnswers))]
    public async Task ABadAnswerToJoinEndsTheConnection(ServerFrame answer, string expected)
    {
        using var gateway = new TestGateway();
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            var joining = client.JoinAsync("lobby", new JoinOptions { After = new RoomPosition("e1", 5) });
            var stream = await connection.AcceptStreamAsync();
            await stream.SendAsync(answer);

            var failure = await Assert.ThrowsAsync<ChatClosedException>(() => joining.For("the join's end"));
            Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ARefusedRoomSaysWhyAndCanBeTriedAgain()
    {
        using var gateway = new TestGateway();
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            for (var i = 0; i < 10; i++)
            {
                var joining = client.JoinAsync("secret");
                (await connection.AcceptStreamAsync()).Abort(ErrorCode.NotAllowed);

                var refused = await Assert.ThrowsAsync<RoomClosedException>(() => joining.For("the refusal"));
                Assert.Equal(("secret", ErrorCode.NotAllowed, false), (refused.Room, refused.Code!.Value, refused.IsReconnectable));
                Assert.StartsWith("The gateway ended room 'secret' with NOT_ALLOWED. The user may not enter it", refused.Message, StringComparison.Ordinal);
            }

            Assert.False(client.Closed.IsCompleted);
        }
    }

    [Fact]
    public async Task ARoomThatTheGatewayEndsCanBeJoinedAnewWhileTheOthersGoOn()
    {
        using var gateway = new TestGateway();
        var (client, connection, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            var joiningOther = client.JoinAsync("other");
            var otherStream = await connection.AcceptRoomAsync();
            var other = await joiningOther.For("the other room");

            await stream.SendMessageAsync(1);
            await using var reading = room.ReadAllAsync().GetAsyncEnumerator();
            await NextAsync(reading);
            stream.Abort(ErrorCode.SlowConsumer);
            var ended = await Assert.ThrowsAsync<RoomClosedException>(() => reading.MoveNextAsync().AsTask().For("the room's end"));
            Assert.Equal(ErrorCode.SlowConsumer, ended.Code);
            Assert.True(ended.IsReconnectable);
            await Assert.ThrowsAsync<RoomClosedException>(() => room.PublishAsync("too late"));

            var rejoining = client.JoinAsync("lobby", new JoinOptions { After = room.Position });
            await connection.AcceptRoomAsync(new Joined { Position = new Position { Epoch = "e1", Offset = 1 }, Recovered = true });
            Assert.True((await rejoining.For("the room to be joined anew")).IsRecovered);

            var publishing = other.PublishAsync("still here");
            await otherStream.ReadPublishAsync();
            await otherStream.AckAsync(1, 1);
            await publishing.For("the receipt");
        }
    }

    [Fact]
    public async Task ARoomThatTheGatewayEndsInOrderSaysSo()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            stream.Complete();

            var ended = await Assert.ThrowsAsync<RoomClosedException>(
                () => room.ReadAllAsync().GetAsyncEnumerator().MoveNextAsync().AsTask().For("the room's end"));
            Assert.Equal("The gateway ended room 'lobby'.", ended.Message);
        }
    }

    [Fact]
    public async Task AStreamThatEndsWithinAFrameIsAViolation()
    {
        using var gateway = new TestGateway();
        var (client, _, _, stream) = await gateway.JoinAsync();
        await using (client)
        {
            await stream.SendBytesAsync("055a03");
            stream.Complete();

            Assert.Contains("A stream ended within a frame", (await client.Closed.For("the connection's end")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task LeavingWaitsForReceiptsAndThenEndsTheStream()
    {
        using var gateway = new TestGateway();
        var (client, connection, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            var publishing = room.PublishAsync("the last word");
            var leaving = room.LeaveAsync();
            await stream.ReadPublishAsync();
            await stream.SendMessageAsync(1);
            Assert.False(leaving.IsCompleted);
            await Assert.ThrowsAsync<InvalidOperationException>(() => room.PublishAsync("too late"));

            await stream.AckAsync(1, 2);
            await publishing.For("the receipt");
            Assert.NotNull((await stream.ReadAsync()).Leave);
            Assert.Null(await stream.TryReadAsync());
            await stream.SendMessageAsync(2);
            stream.Complete();
            await leaving.For("the room to be left");

            await foreach (var message in room.ReadAllAsync())
            {
                Assert.Fail($"{message} came after the room was left.");
            }

            var rejoining = client.JoinAsync("lobby");
            await connection.AcceptRoomAsync();
            await rejoining.For("the room to be joined anew");
        }
    }

    [Fact]
    public async Task LeavingCanBeCutShort()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            var publishing = room.PublishAsync("never answered");
            await stream.ReadPublishAsync();
            using var cancellation = new CancellationTokenSource();
            var leaving = room.LeaveAsync(cancellation.Token);
            await cancellation.CancelAsync();

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving.For("the room to be left"));
            await Assert.ThrowsAsync<RoomClosedException>(() => publishing.For("the publish's end"));
            Assert.False(client.Closed.IsCompleted);
        }
    }

    [Fact]
    public async Task AJoinCanBeGivenUpAndTriedAgain()
    {
        using var gateway = new TestGateway();
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            using var cancellation = new CancellationTokenSource();
            var joining = client.JoinAsync("lobby", cancellationToken: cancellation.Token);
            await connection.AcceptStreamAsync();
            await Assert.ThrowsAsync<InvalidOperationException>(() => client.JoinAsync("lobby"));
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => joining.For("the join's end"));

            var again = client.JoinAsync("lobby");
            await connection.AcceptRoomAsync();
            await again.For("the room to be joined");
        }
    }

    [Fact]
    public async Task UnreadMessagesHoldTheirOwnRoomOnly()
    {
        using var gateway = new TestGateway();
        var (client, connection, room, stream) = await gateway.JoinAsync(gateway.Options(maxUnreadMessages: 10));
        await using (client)
        {
            const int All = 5_000;
            var body = new string('x', 1_000);
            var sent = 0;
            var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var sending = Task.Run(async () =>
            {
                for (ulong offset = 1; offset <= All; offset++)
                {
                    await stream.SendMessageAsync(offset, body);
                    Volatile.Write(ref sent, (int)offset);
                    begun.TrySetResult();
                }
            });
            await begun.Task.For("the sender to begin");

            // Another room goes on: each of these crosses the connection there and back.
            var joiningOther = client.JoinAsync("other");
            var otherStream = await connection.AcceptRoomAsync();
            var other = await joiningOther.For("the other room");
            for (ulong i = 1; i <= 500; i++)
            {
                var publishing = other.PublishAsync("text");
                await otherStream.ReadPublishAsync();
                await otherStream.AckAsync(i, i);
                await publishing.For("the receipt");
            }

            // Ten are held for the application; the rest fills the four pipes of 16 KiB on the way, and one segment more each.
            Assert.InRange(Volatile.Read(ref sent), 1, 10 + (4 * 2 * 16));

            var expected = 1L;
            await foreach (var message in room.ReadAllAsync())
            {
                Assert.Equal(expected++, message.Offset);
                if (message.Offset == All)
                {
                    break;
                }
            }

            await sending.For("the rest to be sent");
        }
    }

    [Fact]
    public async Task AReaderThatPublishesForEachMessageIsNotStoppedByTheMessagesBeforeTheReceipt()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync(gateway.Options(maxUnreadMessages: 10));
        await using (client)
        {
            await stream.SendMessageAsync(1);
            await using var reading = room.ReadAllAsync().GetAsyncEnumerator();
            await NextAsync(reading);
            for (ulong offset = 2; offset <= 12; offset++)
            {
                await stream.SendMessageAsync(offset);
            }

            var publishing = room.PublishAsync("an answer to the first one");
            await stream.ReadPublishAsync();
            for (ulong offset = 13; offset <= 60; offset++)
            {
                await stream.SendMessageAsync(offset);
            }

            await stream.AckAsync(1, 61);
            await publishing.For("the receipt behind more messages than are held");
            for (var offset = 2; offset <= 60; offset++)
            {
                Assert.Equal(offset, (await NextAsync(reading)).Offset);
            }
        }
    }

    [Fact]
    public async Task WithoutReceivingMessagesTheyAreCheckedAndDropped()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync(
            gateway.Options(maxUnreadMessages: 1), new JoinOptions { ReceiveMessages = false });
        await using (client)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await room.ReadAllAsync().GetAsyncEnumerator().MoveNextAsync());
            for (ulong offset = 1; offset <= 1_000; offset++)
            {
                await stream.SendMessageAsync(offset);
            }

            var publishing = room.PublishAsync("text");
            await stream.ReadPublishAsync();
            await stream.AckAsync(1, 1_001);
            await publishing.For("the receipt");
            Assert.Equal(1_000, room.Position.Offset);

            await stream.SendMessageAsync(1_002);
            Assert.Contains("message 1002 came behind 1000", (await client.Closed.For("the end")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task WhatCannotBeJoinedIsRefusedBeforeAnythingIsSent()
    {
        using var gateway = new TestGateway();
        var (client, _) = await gateway.ConnectAsync();
        await using (client)
        {
            await Assert.ThrowsAsync<ArgumentException>(() => client.JoinAsync("two words"));
            await Assert.ThrowsAsync<ArgumentException>(() => client.JoinAsync("lobby", new JoinOptions { Newest = -1 }));
            await Assert.ThrowsAsync<ArgumentException>(
                () => client.JoinAsync("lobby", new JoinOptions { Newest = ProtocolLimits.MaxNewestMessages + 1 }));
            await Assert.ThrowsAsync<ArgumentException>(() => client.JoinAsync("lobby", new JoinOptions { After = new RoomPosition("", 1) }));
            await Assert.ThrowsAsync<ArgumentException>(() => client.JoinAsync("lobby", new JoinOptions { After = new RoomPosition("e", -1) }));
        }
    }

    private static async Task<ChatMessage> NextAsync(IAsyncEnumerator<ChatMessage> reading)
    {
        Assert.True(await reading.MoveNextAsync().AsTask().For("the next message"));
        return reading.Current;
    }
}
