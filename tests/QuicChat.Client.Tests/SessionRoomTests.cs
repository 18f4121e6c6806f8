using QuicChat.Protocol.V1;
using Xunit;

namespace QuicChat.Client.Tests;

public sealed class SessionRoomTests
{
    [Fact]
    public async Task ARoomGoesOnBehindTheLastMessageThatArrived()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync(joinOptions: new JoinOptions { Newest = 20 });
        await using (session)
        {
            await using var reading = room.ReadAllAsync().GetAsyncEnumerator();
            await stream.SendMessageAsync(1, "one");
            Assert.Equal("one", await NextTextAsync(reading));

            // Arrived, and not read by the application yet: it need not come again.
            await stream.SendMessageAsync(2, "two");
            await MarkAsync(room, stream, 1);
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, var join) = await connection.AcceptJoinAsync();
            Assert.Equal(new Join { Room = "lobby", After = new Position { Epoch = "e1", Offset = 2 }, Newest = 20 }, join);
            await stream.SendMessageAsync(3, "three");

            Assert.Equal("two", await NextTextAsync(reading));
            Assert.Equal(new RoomPosition("e1", 2), room.Position);
            Assert.Equal("three", await NextTextAsync(reading));
            Assert.Equal(new RoomPosition("e1", 3), room.Position);
        }
    }

    [Fact]
    public async Task WhereTheLogNoLongerReachesBackAGapTellsWhereItGoesOn()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync(joinOptions: new JoinOptions { Newest = 2 });
        await using (session)
        {
            await using var reading = room.ReadAllAsync().GetAsyncEnumerator();
            await stream.SendMessageAsync(1);
            await NextTextAsync(reading);
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, _) = await connection.AcceptJoinAsync(new Joined { Position = new Position { Epoch = "e1", Offset = 98 } });
            await stream.SendMessageAsync(99, "ninety-nine");

            var gap = Assert.IsType<RoomGap>(await NextAsync(reading));
            Assert.Equal(new RoomGap(new RoomPosition("e1", 1), new RoomPosition("e1", 98)), gap);
            Assert.Equal(97, gap.Missing);
            Assert.Equal(gap.ContinuesAfter, room.Position);
            Assert.Equal("ninety-nine", await NextTextAsync(reading));
            Assert.Equal(new RoomPosition("e1", 99), room.Position);
        }
    }

    [Fact]
    public async Task APositionThatWasKeptAndCannotBeRecoveredIsAGap()
    {
        using var gateway = new TestGateway();
        var (session, _, room, _, _) = await gateway.JoinSessionAsync(
            joinOptions: new JoinOptions { After = new RoomPosition("e0", 7) }, joined: new Joined { Position = new Position { Epoch = "e1", Offset = 3 } });
        await using (session)
        {
            Assert.Equal(new RoomPosition("e0", 7), room.Position);
            await using var reading = room.ReadAllAsync().GetAsyncEnumerator();
            var gap = Assert.IsType<RoomGap>(await NextAsync(reading));
            Assert.Equal(new RoomGap(new RoomPosition("e0", 7), new RoomPosition("e1", 3)), gap);
            Assert.Null(gap.Missing);
        }
    }

    [Fact]
    public async Task APositionThatWasKeptAndIsRecoveredIsNone()
    {
        using var gateway = new TestGateway();
        var (session, _, room, stream, _) = await gateway.JoinSessionAsync(
            joinOptions: new JoinOptions { After = new RoomPosition("e1", 7) },
            joined: new Joined { Position = new Position { Epoch = "e1", Offset = 7 }, Recovered = true });
        await using (session)
        {
            await stream.SendMessageAsync(8);
            await using var reading = room.ReadAllAsync().GetAsyncEnumerator();
            Assert.Equal("text", await NextTextAsync(reading));
            Assert.Equal(new RoomPosition("e1", 8), room.Position);
        }
    }

    [Fact]
    public async Task WhatAStoreThatWentBackRepeatsIsNotShownAgain()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync(joinOptions: new JoinOptions { Newest = 20 });
        await using (session)
        {
            await using var reading = room.ReadAllAsync().GetAsyncEnumerator();
            for (ulong offset = 1; offset <= 5; offset++)
            {
                await stream.SendMessageAsync(offset, $"{offset}");
                Assert.Equal($"{offset}", await NextTextAsync(reading));
            }

            // 4 and 5 are lost, another 4 was written since; the newest messages come again with it, under the same epoch.
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, _) = await connection.AcceptJoinAsync(new Joined { Position = new Position { Epoch = "e1", Offset = 1 } });
            await stream.SendMessageAsync(2, "2");
            await stream.SendMessageAsync(3, "3");
            var other = GatewayStream.NewMessage(4, "another 4");
            other.SentAtMs++;
            await stream.SendAsync(new ServerFrame { Message = other });
            await stream.SendMessageAsync(5, "another sender's 5", senderId: "eve");

            var gap = Assert.IsType<RoomGap>(await NextAsync(reading));
            Assert.Equal(new RoomGap(new RoomPosition("e1", 5), new RoomPosition("e1", 1)), gap);
            Assert.Null(gap.Missing);
            Assert.Equal("another 4", await NextTextAsync(reading));
            Assert.Equal("another sender's 5", await NextTextAsync(reading));
            Assert.Equal(new RoomPosition("e1", 5), room.Position);

            // And the next reconnect goes on from there.
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            Assert.Equal(new Position { Epoch = "e1", Offset = 5 }, (await connection.AcceptJoinAsync()).Join.After);
        }
    }

    [Fact]
    public async Task ThePositionGoesOnBehindWhatIsRepeatedAndNotShown()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync(joinOptions: new JoinOptions { Newest = 20 });
        await using (session)
        {
            await using var reading = room.ReadAllAsync().GetAsyncEnumerator();
            for (ulong offset = 1; offset <= 3; offset++)
            {
                await stream.SendMessageAsync(offset, $"{offset}");
                Assert.Equal($"{offset}", await NextTextAsync(reading));
            }

            // The store went back to 2, and nothing was written since.
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, _) = await connection.AcceptJoinAsync(new Joined { Position = new Position { Epoch = "e2" } });
            await stream.SendMessageAsync(1, "1");
            await stream.SendMessageAsync(2, "2");
            Assert.IsType<RoomGap>(await NextAsync(reading));
            Assert.Equal(new RoomPosition("e2", 0), room.Position);

            await MarkAsync(room, stream, 1);
            var leaving = room.LeaveAsync();
            Assert.False(await reading.MoveNextAsync().AsTask().For("the end of the room"));
            Assert.Equal(new RoomPosition("e2", 2), room.Position);
            Assert.NotNull((await stream.ReadAsync()).Leave);
            stream.Complete();
            await leaving.For("the room to be left");
        }
    }

    [Fact]
    public async Task ARoomThatWasEmptyLacksNothingInAnotherEpoch()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, _, _) = await gateway.JoinSessionAsync();
        await using (session)
        {
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            var (stream, join) = await connection.AcceptJoinAsync(new Joined { Position = new Position { Epoch = "e2" } });
            Assert.Equal(new Position { Epoch = "e1" }, join.After);
            await stream.SendMessageAsync(1, "first");
            await using var reading = room.ReadAllAsync().GetAsyncEnumerator();
            Assert.Equal("first", await NextTextAsync(reading));
            Assert.Equal(new RoomPosition("e2", 1), room.Position);
        }
    }

    [Theory]
    [InlineData(ErrorCode.SlowConsumer)]
    [InlineData(ErrorCode.GoingAway)]
    [InlineData(ErrorCode.Internal)]
    [InlineData(ErrorCode.RateLimited)]
    public async Task AStreamThatIsResetIsJoinedAnewOnTheSameConnectionWhileOtherRoomsGoOn(ErrorCode code)
    {
        using var gateway = new TestGateway { Jitter = () => 0.5 };
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync();
        await using (session)
        {
            var joiningOther = session.JoinAsync("other");
            var otherStream = await connection.AcceptRoomAsync();
            var other = await joiningOther.For("the other room");
            await stream.SendMessageAsync(1);
            await MarkAsync(room, stream, 1);

            var publishing = room.PublishAsync("on its way");
            await stream.ReadPublishAsync();
            stream.Abort(code);
            var accepting = connection.AcceptJoinAsync(
                new Joined { Position = new Position { Epoch = "e1", Offset = 1 }, Recovered = true, LastClientSeq = 1 });
            await MarkAsync(other, otherStream, 1);
            await gateway.AdvanceAfterAsync("RejoiningRoom", TimeSpan.FromMilliseconds(250));

            (stream, var join) = await accepting;
            Assert.Equal(1UL, join.After.Offset);
            Assert.Equal(new Publish { ClientSeq = 2, Body = "on its way" }, await stream.ReadPublishAsync());
            await stream.AckAsync(2, 2);
            Assert.Equal(2, (await publishing.For("the receipt")).Offset);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ARoomThatIsRefusedForGoodEndsAloneAndCanBeJoinedAnew(bool isJoined)
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync();
        await using (session)
        {
            for (var i = 0; i < 3; i++)
            {
                var joining = session.JoinAsync("secret");
                if (isJoined)
                {
                    var secretStream = await connection.AcceptRoomAsync();
                    var secret = await joining.For("the room to be joined");
                    var sent = secret.PublishAsync("sent");
                    await secretStream.ReadPublishAsync();
                    var reading = secret.ReadAllAsync().GetAsyncEnumerator().MoveNextAsync().AsTask();
                    secretStream.Abort(ErrorCode.NotAllowed);
                    Assert.Equal(ErrorCode.NotAllowed, (await Assert.ThrowsAsync<RoomClosedException>(() => reading.For("the reader's end"))).Code);
                    Assert.Equal(PublishUnknownCause.Ended, (await Assert.ThrowsAsync<PublishUnknownException>(() => sent.For("what was sent"))).Cause);
                    await Assert.ThrowsAsync<RoomClosedException>(() => secret.PublishAsync("too late"));
                }
                else
                {
                    (await connection.AcceptStreamAsync()).Abort(ErrorCode.NotAllowed);
                    Assert.Equal(ErrorCode.NotAllowed, (await Assert.ThrowsAsync<RoomClosedException>(() => joining.For("the refusal"))).Code);
                }
            }

            await MarkAsync(room, stream, 1);
        }
    }

    [Fact]
    public async Task AJoinWithoutAConnectionWaitsForTheNextAndCanBeGivenUp()
    {
        using var gateway = new TestGateway { Jitter = () => 0.5 };
        var (session, connection, states) = await gateway.ConnectSessionAsync();
        await using (session)
        {
            connection.Lose();
            await states.NextAsync<SessionState.Reconnecting>();
            using var cancellation = new CancellationTokenSource();
            var given = session.JoinAsync("given-up", cancellationToken: cancellation.Token);
            var joining = session.JoinAsync("lobby");
            await Assert.ThrowsAsync<InvalidOperationException>(() => session.JoinAsync("lobby"));
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given.For("the join to be given up"));

            gateway.Time.Advance(TimeSpan.FromSeconds(1));
            (connection, _) = await gateway.WelcomeNextAsync();
            Assert.Equal("lobby", (await connection.AcceptJoinAsync(new Joined { Position = new Position { Epoch = "e1" } })).Join.Room);
            await joining.For("the room to be joined");
        }
    }

    [Fact]
    public async Task HistoryIsAskedForAgainOnTheNextConnection()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync();
        await using (session)
        {
            var reading = room.ReadHistoryAsync(5, 2);
            Assert.NotNull((await stream.ReadAsync()).ReadHistory);
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, _) = await connection.AcceptJoinAsync();
            Assert.Equal(new ReadHistory { FromOffset = 5, Limit = 2 }, (await stream.ReadAsync()).ReadHistory);
            await stream.SendAsync(new ServerFrame
            {
                History = new History { FromOffset = 5, FirstOffset = 1, LastOffset = 5, Messages = { GatewayStream.NewMessage(5, "five") } },
            });
            Assert.Equal("five", Assert.Single((await reading.For("the page")).Messages).Body);
        }
    }

    [Fact]
    public async Task LeavingWaitsForReceiptsFromConnectionToConnection()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync();
        await using (session)
        {
            var publishing = room.PublishAsync("the last word");
            await stream.ReadPublishAsync();
            var leaving = room.LeaveAsync();
            await Assert.ThrowsAsync<InvalidOperationException>(() => room.PublishAsync("too late"));
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, _) = await connection.AcceptJoinAsync();
            await stream.ReadPublishAsync();
            Assert.False(leaving.IsCompleted);
            await stream.AckAsync(1, 1);
            await publishing.For("the receipt");
            Assert.NotNull((await stream.ReadAsync()).Leave);
            stream.Complete();
            await leaving.For("the room to be left");
            await foreach (var item in room.ReadAllAsync())
            {
                Assert.Fail($"{item} came after the room was left.");
            }

            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            var joining = session.JoinAsync("lobby");
            Assert.Null((await connection.AcceptJoinAsync(new Joined { Position = new Position { Epoch = "e1" } })).Join.After);
            await joining.For("the room to be joined anew");
        }
    }

    [Fact]
    public async Task LeavingCanBeCutShort()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync();
        await using (session)
        {
            var publishing = room.PublishAsync("never answered");
            await stream.ReadPublishAsync();
            using var cancellation = new CancellationTokenSource();
            var leaving = room.LeaveAsync(cancellation.Token);
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving.For("the room to be left"));
            Assert.Equal(PublishUnknownCause.Ended, (await Assert.ThrowsAsync<PublishUnknownException>(() => publishing.For("the publish's end"))).Cause);

            var joining = session.JoinAsync("lobby");
            await connection.AcceptRoomAsync();
            await joining.For("the room to be joined anew");
        }
    }

    [Fact]
    public async Task WhoOnlyPublishesReceivesNothingAndAsksForNothing()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync(
            gateway.Options(maxUnreadMessages: 1), joinOptions: new JoinOptions { ReceiveMessages = false });
        await using (session)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await room.ReadAllAsync().GetAsyncEnumerator().MoveNextAsync());
            for (ulong offset = 1; offset <= 100; offset++)
            {
                await stream.SendMessageAsync(offset);
            }

            await MarkAsync(room, stream, 1);
            Assert.Equal(100, room.Position.Offset);
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            Assert.Null((await connection.AcceptJoinAsync(new Joined { Position = new Position { Epoch = "e2", Offset = 3 } })).Join.After);
        }
    }

    [Fact]
    public async Task UnreadMessagesStayBoundedFromConnectionToConnection()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync(gateway.Options(maxUnreadMessages: 10));
        await using (session)
        {
            var arrived = 0UL;
            for (var i = 0; i < 20; i++)
            {
                for (var offset = arrived + 1; offset <= arrived + 20; offset++)
                {
                    await stream.SendMessageAsync(offset, $"{offset}");
                }

                await connection.ReadControlUntilNowAsync();
                connection.Lose();
                (connection, _) = await gateway.WelcomeNextAsync();
                (stream, var join) = await connection.AcceptJoinAsync();
                arrived = join.After.Offset;
                Assert.InRange(arrived, 0UL, 10UL);
            }

            await stream.SendMessageAsync(arrived + 1, $"{arrived + 1}");
            await using var reading = room.ReadAllAsync().GetAsyncEnumerator();
            for (var offset = 1UL; offset <= arrived + 1; offset++)
            {
                Assert.Equal($"{offset}", await NextTextAsync(reading));
            }
        }
    }

    [Fact]
    public async Task WhoIsInTheRoomIsToldAsItIsAndThenAsItChanges()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, _) = await gateway.JoinSessionAsync(joinOptions: new JoinOptions { Presence = true });
        await using (session)
        {
            var changes = new List<string>();
            room.MembersChanged += change => changes.Add(
                $"+{string.Join(',', change.Joined.Select(member => member.UserId))} -{string.Join(',', change.Left.Select(member => member.UserId))} ={change.Count}");
            await PresenceAsync(new Presence { Complete = true, Members = 2, Joined = { Member("ann"), Member("bob") } });
            await PresenceAsync(new Presence { Members = 3, Joined = { Member("eve") } });
            await PresenceAsync(new Presence { Members = 2, Left = { Member("bob"), Member("nobody") } });
            await MarkAsync(room, stream, 1);
            Assert.Equal(["+ann,bob - =2", "+eve - =3", "+ -bob =2"], changes);
            Assert.Equal([new RoomMember("ann", "Name of ann"), new RoomMember("eve", "Name of eve")], room.Members.OrderBy(member => member.UserId));

            // Another connection tells all anew; the application learns the difference.
            changes.Clear();
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            (stream, var join) = await connection.AcceptJoinAsync(new Joined { Position = new Position { Epoch = "e1" }, Recovered = true, LastClientSeq = 1 });
            Assert.True(join.Presence);
            Assert.Equal(2, room.Members.Count);
            await PresenceAsync(new Presence { Complete = true, Members = 2, Joined = { Member("ann"), Member("eve") } });
            await PresenceAsync(new Presence { Complete = true, Members = 5, Joined = { Member("ann"), Member("dan") } });
            await MarkAsync(room, stream, 2);
            Assert.Equal(["+dan -eve =5"], changes);
            Assert.Equal(["ann", "dan"], room.Members.Select(member => member.UserId).Order());

            Task PresenceAsync(Presence presence) => stream.SendAsync(new ServerFrame { Presence = presence });
        }
    }

    [Fact]
    public async Task ARoomOfOneConnectionKnowsItsMembersToo()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync(joinOptions: new JoinOptions { Presence = true });
        await using (client)
        {
            var told = new TaskCompletionSource<PresenceChange>(TaskCreationOptions.RunContinuationsAsynchronously);
            room.MembersChanged += told.SetResult;
            await stream.SendAsync(new ServerFrame { Presence = new Presence { Complete = true, Members = 1, Joined = { Member("ann") } } });
            Assert.Equal([new RoomMember("ann", "Name of ann")], (await told.Task.For("the members")).Joined);
            Assert.Equal([new RoomMember("ann", "Name of ann")], room.Members);
        }
    }

    [Fact]
    public async Task PresenceThatWasNotAskedForIsAViolation()
    {
        using var gateway = new TestGateway();
        var (client, _, _, stream) = await gateway.JoinAsync();
        await using (client)
        {
            await stream.SendAsync(new ServerFrame { Presence = new Presence { Complete = true } });
            Assert.Equal(ErrorCode.ProtocolViolation, (await client.Closed.For("the connection's end")).Code);
        }
    }

    // What the gateway has sent before has been taken once this has its receipt.
    internal static async Task MarkAsync(SessionRoom room, GatewayStream stream, ulong clientSeq)
    {
        var publishing = room.PublishAsync("a marker");
        Assert.Equal(clientSeq, (await stream.ReadPublishAsync()).ClientSeq);
        await stream.AckAsync(clientSeq, 1_000_000 + clientSeq);
        await publishing.For("the marker's receipt");
    }

    internal static async Task<RoomEvent> NextAsync(IAsyncEnumerator<RoomEvent> reading)
    {
        Assert.True(await reading.MoveNextAsync().AsTask().For("the next item"));
        return reading.Current;
    }

    internal static async Task<string> NextTextAsync(IAsyncEnumerator<RoomEvent> reading)
        => Assert.IsType<ChatMessage>(await NextAsync(reading)).Body;

    private static Member Member(string userId) => new() { UserId = userId, UserName = $"Name of {userId}" };
}
