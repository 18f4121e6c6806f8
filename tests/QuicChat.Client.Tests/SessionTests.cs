using Google.Protobuf;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.Client.Tests;

public sealed class SessionTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task ASessionOutlivesItsConnection()
    {
        using var gateway = new TestGateway();
        var session = new ChatSession(gateway.Options());
        var states = new StateLog(session);
        Assert.Equal(new SessionState.Connecting(), session.State);
        var connecting = session.ConnectAsync();
        var (connection, first) = await gateway.WelcomeNextAsync();
        await connecting.For("the session to be connected");
        await using (session)
        {
            Assert.Equal(new SessionState.Connected("gw-1", session.ConnectionId), await states.NextAsync<SessionState.Connected>());
            Assert.Equal(("ann", "Ann", "phone"), (session.UserId, session.UserName, session.ClientId));
            Assert.True(first.SessionToken.IsEmpty);

            connection.Lose();
            var reconnecting = await states.NextAsync<SessionState.Reconnecting>();
            Assert.Equal(
                new SessionState.Reconnecting(1, "The gateway no longer knows the connection: it may have been restarted.", gateway.Time.GetUtcNow()),
                reconnecting);

            var welcome = gateway.Welcome.Clone();
            welcome.GatewayId = "gw-2";
            await gateway.WelcomeNextAsync(welcome);
            Assert.Equal("gw-2", (await states.NextAsync<SessionState.Connected>()).GatewayId);
            Assert.Equal("gw-2", session.GatewayId);
            Assert.False(session.Closed.IsCompleted);
        }
    }

    [Fact]
    public async Task TheSessionTokenOfTheLastWelcomeIsShownToTheNextGateway()
    {
        var welcome = new TestGateway().Welcome.Clone();
        welcome.SessionToken = ByteString.CopyFromUtf8("secret-1");
        using var gateway = new TestGateway { Welcome = welcome };
        var (session, connection, states) = await gateway.ConnectSessionAsync();
        await using (session)
        {
            connection.Lose();
            var (_, hello) = await gateway.WelcomeNextAsync();
            Assert.Equal(new Hello { Token = "token", ClientId = "phone", SessionToken = ByteString.CopyFromUtf8("secret-1") }, hello);
        }
    }

    [Fact]
    public async Task ASessionThatIsTooOldToResumeBeginsAnew()
    {
        var welcome = new TestGateway().Welcome.Clone();
        welcome.SessionToken = ByteString.CopyFromUtf8("too old");
        using var gateway = new TestGateway { Welcome = welcome };
        var (session, connection, states) = await gateway.ConnectSessionAsync();
        await using (session)
        {
            connection.Lose();
            var refusing = await gateway.AcceptAsync();
            Assert.False((await refusing.AcceptHelloAsync()).SessionToken.IsEmpty);
            refusing.Server.Close((ulong)ErrorCode.AuthFailed, "the session has expired");

            var (_, hello) = await gateway.WelcomeNextAsync();
            Assert.True(hello.SessionToken.IsEmpty);
            await states.NextAsync<SessionState.Reconnecting>();
            await states.NextAsync<SessionState.Connected>();
        }
    }

    [Fact]
    public async Task TheNextGatewayOfTheListIsTriedFirstAndTheRestInTurn()
    {
        var dead = new HashSet<int>();
        using var gateway = new TestGateway { Refuse = endPoint => dead.Contains(endPoint.Port) ? NoAnswer() : null };
        var (session, connection, states) = await gateway.ConnectSessionAsync(gateway.Options(servers: ["192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3"]));
        await using (session)
        {
            connection.Lose();
            (connection, _) = await gateway.WelcomeNextAsync();
            Assert.Equal([1, 2], gateway.Asked.Select(endPoint => endPoint.Port));
            await states.NextAsync<SessionState.Reconnecting>();
            await states.NextAsync<SessionState.Connected>();

            dead.UnionWith([1, 3]);
            gateway.Time.Advance(10 * Second);
            connection.Lose();
            await gateway.WelcomeNextAsync();
            Assert.Equal([1, 2, 3, 1, 2], gateway.Asked.Select(endPoint => endPoint.Port));
            for (var attempt = 1; attempt <= 3; attempt++)
            {
                var state = await states.NextAsync<SessionState.Reconnecting>();
                Assert.Equal(attempt, state.Attempt);
                Assert.StartsWith(attempt == 1 ? "The gateway no longer knows" : "No answer from 192.0.2.1:", state.Reason, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task WaitsDoubleUpToTheLongestAndBeginAnewAfterAConnectionThatLasted()
    {
        var isDead = false;
        using var gateway = new TestGateway { Jitter = () => 0.5, Refuse = _ => isDead ? NoAnswer() : null };
        var (session, connection, states) = await gateway.ConnectSessionAsync(
            sessionOptions: new ChatSessionOptions { FirstRetryDelay = Second, MaxRetryDelay = 6 * Second });
        await using (session)
        {
            isDead = true;
            gateway.Time.Advance(6 * Second);
            connection.Lose();
            var waits = new List<double>();
            for (var i = 0; i < 5; i++)
            {
                var state = await states.NextAsync<SessionState.Reconnecting>();
                waits.Add((state.NextTryAt - gateway.Time.GetUtcNow()).TotalSeconds);
                isDead = i < 4;
                gateway.Time.Advance(state.NextTryAt - gateway.Time.GetUtcNow());
            }

            // Half of 1, 2, 4, 6 and 6 s.
            Assert.Equal([0.5, 1, 2, 3, 3], waits);
            (connection, _) = await gateway.WelcomeNextAsync();
            await states.NextAsync<SessionState.Connected>();

            // It lasted for less than the longest wait: no success yet.
            connection.Lose();
            var next = await states.NextAsync<SessionState.Reconnecting>();
            Assert.Equal((6, 3), (next.Attempt, (next.NextTryAt - gateway.Time.GetUtcNow()).TotalSeconds));
            gateway.Time.Advance(3 * Second);
            (connection, _) = await gateway.WelcomeNextAsync();
            await states.NextAsync<SessionState.Connected>();

            gateway.Time.Advance(6 * Second);
            connection.Lose();
            next = await states.NextAsync<SessionState.Reconnecting>();
            Assert.Equal((1, 0.5), (next.Attempt, (next.NextTryAt - gateway.Time.GetUtcNow()).TotalSeconds));
        }
    }

    [Fact]
    public async Task AChangeOfTheNetworkEndsTheWait()
    {
        using var gateway = new TestGateway { Jitter = () => 0.9 };
        var (session, connection, states) = await gateway.ConnectSessionAsync();
        await using (session)
        {
            connection.Lose();
            await states.NextAsync<SessionState.Reconnecting>();
            session.NotifyNetworkChanged();

            await gateway.WelcomeNextAsync();
            await states.NextAsync<SessionState.Connected>();
        }
    }

    [Fact]
    public async Task ASessionGivesUpWhenItWasToldTo()
    {
        var isDead = false;
        using var gateway = new TestGateway { Jitter = () => 0.9, Refuse = _ => isDead ? NoAnswer() : null };
        var (session, connection, states) = await gateway.ConnectSessionAsync(
            sessionOptions: new ChatSessionOptions { GiveUpAfter = TimeSpan.FromMinutes(1) });
        await using (session)
        {
            isDead = true;
            connection.Lose();
            while (!session.Closed.IsCompleted)
            {
                var waiting = states.NextAsync<SessionState>();
                if (await waiting is SessionState.Reconnecting)
                {
                    gateway.Time.Advance(10 * Second);
                }
                else
                {
                    break;
                }
            }

            var reason = await session.Closed.For("the session to give up");
            Assert.StartsWith("No gateway could be connected to for 60 s. The last try: No answer from", reason.Message, StringComparison.Ordinal);
            Assert.Equal(new SessionState.Closed(reason), session.State);
        }
    }

    [Theory]
    [InlineData(ErrorCode.Kicked)]
    [InlineData(ErrorCode.AuthFailed)]
    [InlineData(ErrorCode.NotAllowed)]
    [InlineData(ErrorCode.ProtocolViolation)]
    [InlineData(ErrorCode.FrameTooLarge)]
    [InlineData(ErrorCode.NoError)]
    public async Task ATerminalCodeEndsTheSessionAndAllThatWaits(ErrorCode code)
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, states) = await gateway.JoinSessionAsync(gateway.Options(maxPublishesInFlight: 1));
        await using (session)
        {
            var sent = room.PublishAsync("sent");
            var unsent = room.PublishAsync("not sent");
            var reading = room.ReadAllAsync().GetAsyncEnumerator().MoveNextAsync().AsTask();
            var history = room.ReadHistoryAsync(1);
            await stream.ReadPublishAsync();
            connection.Server.Close((ulong)code, "enough");

            var reason = (await states.NextAsync<SessionState.Closed>()).Reason;
            Assert.Equal((ChatCloseOrigin.Gateway, code), (reason.Origin, reason.Code));
            Assert.Equal(reason, await session.Closed.For("the session's end"));
            var unknown = await Assert.ThrowsAsync<PublishUnknownException>(() => sent.For("the end of what was sent"));
            Assert.Equal((PublishUnknownCause.Ended, code, false), (unknown.Cause, unknown.Code, unknown.IsReconnectable));
            Assert.Equal(reason, (await Assert.ThrowsAsync<ChatClosedException>(() => unsent.For("the end of what was not sent"))).Reason);
            Assert.Equal(reason, (await Assert.ThrowsAsync<ChatClosedException>(() => reading.For("the reader's end"))).Reason);
            Assert.Equal(reason, (await Assert.ThrowsAsync<ChatClosedException>(() => history.For("the page's end"))).Reason);
            await Assert.ThrowsAsync<ChatClosedException>(() => room.PublishAsync("too late"));
            await Assert.ThrowsAsync<ChatClosedException>(() => session.JoinAsync("another"));
            await Assert.ThrowsAsync<ChatClosedException>(() => room.ReadHistoryAsync(1));
        }
    }

    [Theory]
    [InlineData(ErrorCode.MigrationFailed)]
    [InlineData(ErrorCode.MigrationDenied)]
    [InlineData(ErrorCode.SlowConsumer)]
    [InlineData(ErrorCode.GoingAway)]
    [InlineData(ErrorCode.RateLimited)]
    [InlineData(ErrorCode.Internal)]
    public async Task AReconnectableCodeDoesNot(ErrorCode code)
    {
        using var gateway = new TestGateway();
        var (session, connection, states) = await gateway.ConnectSessionAsync();
        await using (session)
        {
            var failures = new List<ErrorCode?>();
            session.MigrationFailed += reason => failures.Add(reason.Code);
            connection.Server.Close((ulong)code, "");
            Assert.Contains(code == ErrorCode.MigrationFailed ? "MIGRATION_FAILED" : "The gateway closed the connection with ", (await states.NextAsync<SessionState.Reconnecting>()).Reason, StringComparison.Ordinal);
            await gateway.WelcomeNextAsync();
            await states.NextAsync<SessionState.Connected>();
            Assert.Equal(code == ErrorCode.MigrationFailed ? [code] : [], failures);
        }
    }

    [Fact]
    public async Task AGatewayThatBreaksTheProtocolEndsTheSession()
    {
        using var gateway = new TestGateway();
        var (session, connection, states) = await gateway.ConnectSessionAsync();
        await using (session)
        {
            await connection.Control.SendBytesAsync("00");
            Assert.Equal(ErrorCode.ProtocolViolation, (await states.NextAsync<SessionState.Closed>()).Reason.Code);
        }
    }

    [Fact]
    public async Task AnExpiredTokenIsReplacedByTheProvidersNext()
    {
        using var gateway = new TestGateway();
        var number = 0;
        var (session, connection, states) = await gateway.ConnectSessionAsync(gateway.Options(tokenProvider: _ => ValueTask.FromResult($"token-{++number}")));
        await using (session)
        {
            connection.Server.Close((ulong)ErrorCode.AuthExpired, "");
            var (_, hello) = await gateway.WelcomeNextAsync();
            Assert.Equal("token-2", hello.Token);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AnExpiredTokenThatNobodyRenewsEndsTheSession(bool isFoundAtHello)
    {
        using var gateway = new TestGateway();
        var (session, connection, states) = await gateway.ConnectSessionAsync();
        await using (session)
        {
            if (isFoundAtHello)
            {
                connection.Lose();
                await states.NextAsync<SessionState.Reconnecting>();
                connection = await gateway.AcceptAsync();
                await connection.AcceptHelloAsync();
            }

            connection.Server.Close((ulong)ErrorCode.AuthExpired, "");
            Assert.Equal(ErrorCode.AuthExpired, (await states.NextAsync<SessionState.Closed>()).Reason.Code);
        }
    }

    [Fact]
    public async Task AProviderThatFailsIsAskedAgain()
    {
        using var gateway = new TestGateway();
        var number = 0;
        var (session, connection, states) = await gateway.ConnectSessionAsync(gateway.Options(tokenProvider: _ => ++number switch
        {
            2 => throw new HttpRequestException("no network"),
            3 => ValueTask.FromException<string>(new TaskCanceledException("timed out")),
            _ => ValueTask.FromResult($"token-{number}"),
        }));
        await using (session)
        {
            connection.Lose();
            Assert.Equal("token-4", (await gateway.WelcomeNextAsync()).Hello.Token);
            await states.NextAsync<SessionState.Reconnecting>();
            Assert.Equal("TokenProvider gave no token: no network", (await states.NextAsync<SessionState.Reconnecting>()).Reason);
            Assert.Equal("TokenProvider gave no token: timed out", (await states.NextAsync<SessionState.Reconnecting>()).Reason);
            await states.NextAsync<SessionState.Connected>();
        }
    }

    [Fact]
    public async Task ATokenOfAnotherUserEndsTheSession()
    {
        using var gateway = new TestGateway();
        var (session, connection, states) = await gateway.ConnectSessionAsync();
        await using (session)
        {
            connection.Lose();
            var welcome = gateway.Welcome.Clone();
            welcome.UserId = "bob";
            await gateway.WelcomeNextAsync(welcome);
            await states.NextAsync<SessionState.Reconnecting>();
            Assert.Contains("of user 'bob', but the session is of user 'ann'", (await states.NextAsync<SessionState.Closed>()).Reason.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AGatewayThatClosesWithoutAnErrorBeforeItsWelcomeIsTriedAgain()
    {
        using var gateway = new TestGateway();
        var (session, connection, states) = await gateway.ConnectSessionAsync();
        await using (session)
        {
            connection.Lose();
            await states.NextAsync<SessionState.Reconnecting>();
            connection = await gateway.AcceptAsync();
            await connection.AcceptHelloAsync();
            connection.Server.Close((ulong)ErrorCode.NoError, "");

            Assert.Contains("before it served it", (await states.NextAsync<SessionState.Reconnecting>()).Reason, StringComparison.Ordinal);
            await gateway.WelcomeNextAsync();
            await states.NextAsync<SessionState.Connected>();
        }
    }

    [Fact]
    public async Task TheFirstConnectionIsTriedOnceAndCanBeTriedAgain()
    {
        var isDead = true;
        using var gateway = new TestGateway { Refuse = _ => isDead ? NoAnswer() : null };
        await using var session = new ChatSession(gateway.Options());
        await Assert.ThrowsAsync<InvalidOperationException>(() => session.JoinAsync("lobby"));
        await Assert.ThrowsAsync<ChatConnectException>(() => session.ConnectAsync().For("the failure"));
        Assert.Equal(new SessionState.Connecting(), session.State);

        isDead = false;
        var connecting = session.ConnectAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => session.ConnectAsync());
        await gateway.WelcomeNextAsync();
        await connecting.For("the session to be connected");
    }

    [Fact]
    public void WrongOptionsAreNamedBeforeAnythingIsDone()
    {
        using var gateway = new TestGateway();
        var wrong = Assert.Throws<ArgumentException>(() => new ChatSession(gateway.Options(), new ChatSessionOptions
        {
            FirstRetryDelay = TimeSpan.Zero,
            MaxRetryDelay = TimeSpan.FromDays(1),
            GiveUpAfter = TimeSpan.Zero,
            MaxPendingPublishes = 0,
        }));
        Assert.All(
            (string[])["FirstRetryDelay is", "MaxRetryDelay is", "GiveUpAfter is", "MaxPendingPublishes is"],
            part => Assert.Contains(part, wrong.Message, StringComparison.Ordinal));
        Assert.Throws<ArgumentException>(() => new ChatSession(gateway.Options(servers: [])));
    }

    [Fact]
    public async Task DisposingEndsTheSessionWhereverItStands()
    {
        using var gateway = new TestGateway { Jitter = () => 0.9 };
        var (session, connection, room, stream, states) = await gateway.JoinSessionAsync();
        var reading = room.ReadAllAsync().GetAsyncEnumerator().MoveNextAsync().AsTask();
        var sent = room.PublishAsync("sent");
        await stream.ReadPublishAsync();
        connection.Lose();
        await states.NextAsync<SessionState.Reconnecting>();
        var queued = room.PublishAsync("queued");
        var joining = session.JoinAsync("another");

        await session.DisposeAsync().AsTask().For("the session to be disposed");
        await session.DisposeAsync();

        Assert.Equal(ChatCloseOrigin.Application, (await states.NextAsync<SessionState.Closed>()).Reason.Origin);
        Assert.False(await reading.For("the reader to end"));
        Assert.Equal(PublishUnknownCause.Ended, (await Assert.ThrowsAsync<PublishUnknownException>(() => sent.For("what was sent"))).Cause);
        await Assert.ThrowsAsync<ChatClosedException>(() => queued.For("what was not sent"));
        await Assert.ThrowsAsync<ChatClosedException>(() => joining.For("the join's end"));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => session.ConnectAsync());
        Assert.True(connection.Client.IsDisposed);
    }

    [Fact]
    public async Task ChangesOfThePathAreToldFromConnectionToConnectionAndAFailingHandlerCostsNothing()
    {
        using var gateway = new TestGateway();
        var (session, connection, states) = await gateway.ConnectSessionAsync();
        await using (session)
        {
            var told = new List<string>();
            session.PathChanged += change => told.Add($"{change.Outcome}");
            session.Migrating += _ => told.Add("migrating");
            session.Migrated += _ => told.Add("migrated");
            session.StateChanged += _ => throw new InvalidOperationException("The application's fault.");
            for (var i = 0; i < 2; i++)
            {
                foreach (var outcome in (MigrationNotice.Types.Outcome[])[MigrationNotice.Types.Outcome.Started, MigrationNotice.Types.Outcome.Completed])
                {
                    await connection.Control.SendAsync(
                        new ServerFrame { MigrationNotice = new MigrationNotice { Kind = MigrationNotice.Types.Kind.Address, Outcome = outcome } });
                }

                await connection.ReadControlUntilNowAsync();
                connection.Lose();
                (connection, _) = await gateway.WelcomeNextAsync();
            }

            string[] once = ["Started", "migrating", "Completed", "migrated"];
            Assert.Equal([.. once, .. once], told);
        }
    }

    internal static QuicConnectionClosedException NoAnswer() => new(new ConnectionClosure(ConnectionCloseOrigin.HandshakeTimeout, null, null, ""));
}
