using QuicChat.Protocol.V1;
using QuicChat.Quic.Paths;
using Xunit;

namespace QuicChat.Client.Tests;

public sealed class ControlTests
{
    [Fact]
    public async Task APingIsAnswered()
    {
        using var gateway = new TestGateway();
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            await connection.Control.SendAsync(new ServerFrame { Ping = new Ping { Number = 42 } });

            Assert.Equal(new ClientFrame { Pong = new Pong { Number = 42 } }, await connection.Control.ReadAsync());
        }
    }

    [Fact]
    public async Task ChangesOfThePathAreTold()
    {
        using var gateway = new TestGateway();
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            var changes = new List<PathChange>();
            client.PathChanged += changes.Add;
            var named = new List<(string, PathChange)>();
            client.Migrating += change => named.Add(("migrating", change));
            client.Migrated += change => named.Add(("migrated", change));
            var notice = new MigrationNotice
            {
                Kind = MigrationNotice.Types.Kind.PortOnly,
                Outcome = MigrationNotice.Types.Outcome.Started,
                From = "192.0.2.9:1000",
                To = "192.0.2.9:2000",
            };
            await connection.Control.SendAsync(new ServerFrame { MigrationNotice = notice });
            notice = notice.Clone();
            (notice.Outcome, notice.DurationMs, notice.LeftPreferredNetworks) = (MigrationNotice.Types.Outcome.Completed, 90, true);
            await connection.Control.SendAsync(new ServerFrame { MigrationNotice = notice });
            await connection.ReadControlUntilNowAsync();

            var started = new PathChange(PathChangeKind.PortOnly, PathChangeOutcome.Started, "192.0.2.9:1000", "192.0.2.9:2000", TimeSpan.Zero, "");
            Assert.Equal([started, started with { Outcome = PathChangeOutcome.Completed, Duration = TimeSpan.FromMilliseconds(90), LeftPreferredNetworks = true }], changes);
            Assert.Equal([("migrating", changes[0]), ("migrated", changes[1])], named);
        }
    }

    [Fact]
    public async Task EveryKindAndOutcomeHasItsName()
    {
        using var gateway = new TestGateway();
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            var changes = new List<PathChange>();
            client.PathChanged += changes.Add;
            foreach (var kind in Enum.GetValues<MigrationNotice.Types.Kind>())
            {
                foreach (var outcome in Enum.GetValues<MigrationNotice.Types.Outcome>())
                {
                    await connection.Control.SendAsync(new ServerFrame { MigrationNotice = new MigrationNotice { Kind = kind, Outcome = outcome } });
                }
            }

            await connection.ReadControlUntilNowAsync();

            // Those without a kind or an outcome, as a newer gateway's would seem, are passed over.
            Assert.Equal(
                Enum.GetValues<PathChangeKind>().SelectMany(kind => Enum.GetValues<PathChangeOutcome>().Select(outcome => (kind, outcome))),
                changes.Select(change => (change.Kind, change.Outcome)));
        }
    }

    [Fact]
    public async Task AFailingHandlerDoesNotCostTheConnection()
    {
        using var gateway = new TestGateway();
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            client.GoingAway += _ => throw new InvalidOperationException("The application's fault.");
            await connection.Control.SendAsync(new ServerFrame { GoAway = new GoAway() });

            await connection.ReadControlUntilNowAsync();
            Assert.False(client.Closed.IsCompleted);
        }
    }

    [Fact]
    public async Task AGatewayThatGoesAwayIsToldOfAndTakesNoMoreJoins()
    {
        using var gateway = new TestGateway();
        var (client, connection, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            var told = new TaskCompletionSource<GoAwayNotice>();
            client.GoingAway += told.SetResult;
            await connection.Control.SendAsync(new ServerFrame { GoAway = new GoAway { Reason = "update", Alternatives = { "gw-2.example:4433" } } });

            var notice = await told.Task.For("the notice");
            Assert.Equal("update", notice.Reason);
            Assert.Equal(["gw-2.example:4433"], notice.Alternatives);

            var refused = await Assert.ThrowsAsync<RoomClosedException>(() => client.JoinAsync("another"));
            Assert.Equal(ErrorCode.GoingAway, refused.Code);
            Assert.True(refused.IsReconnectable);

            var publishing = room.PublishAsync("goes on");
            await stream.ReadPublishAsync();
            await stream.AckAsync(1, 1);
            await publishing.For("the receipt");
        }
    }

    public static TheoryData<string, ErrorCode, string> Violations => new()
    {
        { "027200", ErrorCode.ProtocolViolation, "A frame is empty or of an unknown type" },
        { "025a00", ErrorCode.ProtocolViolation, "A Message frame came on the control stream" },
        { "020a00", ErrorCode.ProtocolViolation, "A Welcome frame came on the control stream" },
        { "041a020801", ErrorCode.ProtocolViolation, "Pong 1 answers no Ping" },
        { "00", ErrorCode.ProtocolViolation, "A frame is empty or of an unknown type" },
        { "0212ff", ErrorCode.ProtocolViolation, "A frame of 2 bytes is not valid Protobuf" },
        { "818004", ErrorCode.FrameTooLarge, "A frame of 65537 bytes is announced; 65536 are allowed" },
    };

    [Theory, MemberData(nameof(Violations))]
    public async Task AFrameThatBreaksTheProtocolEndsTheConnectionAndIsNamed(string hex, ErrorCode code, string expected)
    {
        using var gateway = new TestGateway();
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            await connection.Control.SendBytesAsync(hex);

            var reason = await client.Closed.For("the connection's end");
            Assert.Equal((ChatCloseOrigin.Client, code), (reason.Origin, reason.Code!.Value));
            Assert.Contains(expected, reason.Message, StringComparison.Ordinal);
            Assert.False(reason.IsReconnectable);
            var closure = await connection.Server.Closed.For("the gateway's side of the end");
            Assert.Equal((ulong)code, closure.ApplicationErrorCode);
            Assert.Equal(reason.Message, closure.Reason);
        }
    }

    [Fact]
    public async Task AControlStreamThatEndsIsAViolation()
    {
        using var gateway = new TestGateway();
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            connection.Control.Complete();

            Assert.Contains("The control stream ended", (await client.Closed.For("the connection's end")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AControlStreamThatIsAbortedEndsTheConnectionWithItsCode()
    {
        using var gateway = new TestGateway();
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            connection.Control.Abort(ErrorCode.AuthExpired);

            var reason = await client.Closed.For("the connection's end");
            Assert.Equal((ChatCloseOrigin.Gateway, ErrorCode.AuthExpired), (reason.Origin, reason.Code!.Value));
            Assert.True(reason.IsReconnectable);
            Assert.Equal(0UL, (await connection.Server.Closed.For("the gateway's side of the end")).ApplicationErrorCode);
        }
    }
}
