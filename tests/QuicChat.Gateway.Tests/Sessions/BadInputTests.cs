using System.Text;
using Microsoft.IdentityModel.Tokens;
using QuicChat.Gateway.Identity;
using QuicChat.Gateway.Tests.Support;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;
using static QuicChat.Gateway.Tests.Support.SigningKeys;

namespace QuicChat.Gateway.Tests.Sessions;

/// <summary>
/// Each thing that a client must not send: it gets the code that the protocol states, that is counted, and someone in the same room
/// does not notice.
/// </summary>
public sealed class BadInputTests
{
    private static readonly Dictionary<string, byte[]> Malformed = new()
    {
        ["an empty frame"] = [0x00],
        ["a frame of an unknown type"] = [0x03, 0xfa, 0x3f, 0x00],
        ["bytes that are no Protobuf"] = [0x02, 0xff, 0xff],
        ["a length in more bytes than needed"] = [0x82, 0x00, 0x12, 0x00],
        ["text that is not UTF-8"] = [0x05, 0x0a, 0x03, 0x0a, 0x01, 0xff],
    };

    private static readonly Dictionary<string, byte[]> TooLarge = new()
    {
        ["a frame of 65,537 bytes"] = [0x81, 0x80, 0x04],
        ["a length of four bytes"] = [0xff, 0xff, 0xff, 0x01],
    };

    private static readonly Dictionary<string, ClientFrame> NotHello = new()
    {
        ["Ping"] = Frames.Ping(1),
        ["Pong"] = new ClientFrame { Pong = new Pong() },
        ["Refresh"] = Frames.Refresh("token"),
        ["Join"] = Frames.Join("lobby"),
        ["Publish"] = Frames.Publish(1, "text"),
        ["Leave"] = Frames.Leave(),
        ["ReadHistory"] = Frames.ReadHistory(1, 10),
    };

    public static TheoryData<string, ErrorCode> Hellos { get; } = Table(
        ErrorCode.AuthFailed,
        "a token: empty",
        "a token: garbage",
        "a token: too long",
        "a token: expired",
        "a token: not valid yet",
        "a token: without expiry",
        "a token: for another audience",
        "a token: of another issuer",
        "a token: alg=none",
        "a token: HS256 with the public key",
        "a token: of another key",
        "a token: RS512",
        "a token: another one's signature",
        "a token: without a subject",
        "a session token that was stolen",
        "a session token of another client").With(
        ErrorCode.ProtocolViolation, "a client ID: empty", "a client ID: two words", "a client ID: too long");

    public static TheoryData<string, ErrorCode> FirstFrames { get; } = Table(
        ErrorCode.ProtocolViolation,
        [.. Malformed.Keys, .. NotHello.Keys, "the end", "half a frame", "a room stream"]).With(ErrorCode.FrameTooLarge, [.. TooLarge.Keys]);

    public static TheoryData<string, ErrorCode> LaterFrames { get; } = Table(
        ErrorCode.ProtocolViolation,
        [.. Malformed.Keys, .. NotHello.Keys.Except(["Ping", "Pong", "Refresh"]), "Hello", "half a frame"])
        .With(ErrorCode.FrameTooLarge, [.. TooLarge.Keys])
        .With(ErrorCode.AuthFailed, "Refresh");

    public static TheoryData<string, ErrorCode> FirstRoomFrames { get; } = Table(
        ErrorCode.ProtocolViolation, [.. Malformed.Keys, .. NotHello.Keys.Except(["Join"]), "Hello", "half a frame"])
        .With(ErrorCode.FrameTooLarge, [.. TooLarge.Keys]);

    public static TheoryData<string, ErrorCode> LaterRoomFrames { get; } = Table(
        ErrorCode.ProtocolViolation,
        [
            .. Malformed.Keys, .. NotHello.Keys.Except(["Publish", "Leave", "ReadHistory"]),
            "Hello", "half a frame", "client_seq 0", "client_seq 2^63",
        ])
        .With(ErrorCode.FrameTooLarge, [.. TooLarge.Keys]);

    [Theory]
    [MemberData(nameof(Hellos))]
    public async Task A_bad_Hello_ends_the_connection(string what, ErrorCode expected)
    {
        await using var scene = await Scene.SetAsync();
        // An issuer with an RSA key, whose public half every client may know.
        scene.Gateway.Keys = TokenKeySet.Parse(Rsa.ExportSubjectPublicKeyInfoPem());
        var connection = scene.Gateway.Connect();

        await connection.Open().SendAsync(Hello(scene, what));

        await scene.EndsAsync(connection, expected);
        Assert.Empty(scene.Gateway.Cluster.Connection(connection.Id).Registrations);
    }

    [Theory]
    [MemberData(nameof(FirstFrames))]
    public async Task A_bad_first_frame_ends_the_connection(string what, ErrorCode expected)
    {
        await using var scene = await Scene.SetAsync();
        var connection = scene.Gateway.Connect();
        var control = connection.Open();

        await SendAsync(what == "a room stream" ? connection.Open() : control, what == "a room stream" ? "Join" : what, scene);

        await scene.EndsAsync(connection, expected);
        Assert.Empty(scene.Gateway.Cluster.Connection(connection.Id).Registrations);
    }

    [Theory]
    [MemberData(nameof(LaterFrames))]
    public async Task A_bad_frame_after_Welcome_ends_the_connection(string what, ErrorCode expected)
    {
        await using var scene = await Scene.SetAsync();
        var client = await scene.Gateway.ConnectAsync("mallory");

        await SendAsync(client.Control, what, scene);

        await scene.EndsAsync(client.Connection, expected);
    }

    [Theory]
    [MemberData(nameof(FirstRoomFrames))]
    public async Task A_bad_first_frame_of_a_room_stream_ends_the_connection(string what, ErrorCode expected)
    {
        await using var scene = await Scene.SetAsync();
        var client = await scene.Gateway.ConnectAsync("mallory");

        await SendAsync(client.Connection.Open(), what, scene);

        await scene.EndsAsync(client.Connection, expected);
    }

    [Theory]
    [MemberData(nameof(LaterRoomFrames))]
    public async Task A_bad_frame_of_a_joined_room_ends_the_connection(string what, ErrorCode expected)
    {
        await using var scene = await Scene.SetAsync();
        var client = await scene.Gateway.ConnectAsync("mallory");
        var room = await client.JoinAsync("lobby");

        await SendAsync(room.Stream, what, scene);

        await scene.EndsAsync(client.Connection, expected);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("tür")]
    [InlineData("too long")]
    public async Task A_bad_room_name_resets_its_stream_alone(string name)
    {
        await using var scene = await Scene.SetAsync();
        var client = await scene.Gateway.ConnectAsync("mallory");
        var stream = client.Connection.Open();

        await stream.SendAsync(Frames.Join(name == "too long" ? new string('r', ProtocolLimits.MaxRoomLength + 1) : name));

        Assert.Equal(ErrorCode.NotAllowed, await stream.ResetAsync());
        Assert.Equal(1, scene.Gateway.Metrics["quicchat.room.resets{code=NOT_ALLOWED}"]);
        await client.PingAsync();
        await scene.IsUndisturbedAsync();
    }

    [Theory]
    [InlineData("a gap in its numbers", ErrorCode.ProtocolViolation)]
    [InlineData("a text that is too long", ErrorCode.FrameTooLarge)]
    public async Task A_bad_message_is_rejected_alone_and_its_number_is_free(string what, ErrorCode expected)
    {
        await using var scene = await Scene.SetAsync();
        var room = await (await scene.Gateway.ConnectAsync("mallory")).JoinAsync("lobby");

        var (number, text) = what == "a gap in its numbers" ? (2ul, "text") : (1ul, new string('t', ProtocolLimits.MaxBodyBytes + 1));
        await room.PublishAsync(number, text);

        var reject = await room.RejectAsync();
        Assert.Equal((number, expected), (reject.ClientSeq, reject.Code));
        Assert.Equal(1, scene.Gateway.Metrics[$"quicchat.delivery.rejected{{code={expected.ToName()}}}"]);
        await scene.IsUndisturbedAsync();
        await room.PublishAsync(1, "as it should be");
        Assert.Equal(1ul, (await room.AckAsync()).ClientSeq);
    }

    [Theory]
    [InlineData("another epoch", "epoch-0", 1)]
    [InlineData("beyond the tail", "epoch-1", 1_000)]
    [InlineData("the largest offset", "epoch-1", ulong.MaxValue)]
    [InlineData("a long epoch", null, 1)]
    public async Task A_position_that_is_not_one_is_not_recovered_and_moves_nobody(string what, string? epoch, ulong offset)
    {
        Assert.NotEmpty(what);
        await using var scene = await Scene.SetAsync();
        var client = await scene.Gateway.ConnectAsync("mallory");

        var room = await client.JoinAsync("lobby", Frames.At(epoch ?? new string('e', 60_000), offset));

        Assert.Equal((false, "epoch-1", 1ul), (room.Joined.Recovered, room.Joined.Position.Epoch, room.Joined.Position.Offset));
        Assert.Equal(1, scene.Gateway.Metrics["quicchat.session.resume{recovered=False}"]);
        await scene.IsUndisturbedAsync();
        Assert.Equal(2ul, Assert.Single(await room.MessagesAsync(2, 2)).Offset);
    }

    [Fact]
    public async Task Another_users_client_ID_is_a_name_like_any_other()
    {
        await using var scene = await Scene.SetAsync();
        var client = await scene.Gateway.ConnectAsync("mallory", Scene.NeighbourClientId);
        var room = await client.JoinAsync("lobby");

        // Its numbers are not the other's: neither known nor used up.
        Assert.Equal(0ul, room.Joined.LastClientSeq);
        await room.PublishAsync(1, "not the neighbour's");
        await room.AckAsync();
        await room.PublishAsync(3, "a gap");
        Assert.Equal(ErrorCode.ProtocolViolation, (await room.RejectAsync()).Code);
        await scene.IsUndisturbedAsync();
        Assert.Equal(["neighbour", "mallory", "neighbour"], scene.Gateway.Cluster.Room("lobby").Log.Select(message => message.UserId));
    }

    [Fact]
    public async Task Unknown_fields_are_skipped()
    {
        await using var scene = await Scene.SetAsync();
        var client = await scene.Gateway.ConnectAsync("mallory");

        // Ping with number 7, and field 15 of 3 bytes.
        await client.Control.SendRawAsync([0x09, 0x12, 0x07, 0x08, 0x07, 0x7a, 0x03, 0x01, 0x02, 0x03]);

        Assert.Equal(7ul, (await client.Control.ReceiveAsync("Pong"))!.Pong.Number);
        await scene.IsUndisturbedAsync();
    }

    private static ClientFrame Hello(Scene scene, string what)
    {
        var time = scene.Gateway.Time;
        var good = Tokens.Create(time, "mallory", credentials: Credentials(Rsa));
        return what switch
        {
            "a token: empty" => Frames.Hello(""),
            "a token: garbage" => Frames.Hello("garbage"),
            "a token: too long" => Frames.Hello(new string('t', ProtocolLimits.MaxTokenBytes + 1)),
            "a token: expired" => Frames.Hello(Tokens.Create(time, expiresIn: TimeSpan.FromSeconds(-31), credentials: Credentials(Rsa))),
            "a token: not valid yet" => Frames.Hello(Tokens.Create(time, validIn: TimeSpan.FromSeconds(31), credentials: Credentials(Rsa))),
            "a token: without expiry" => Frames.Hello(Tokens.Endless(Credentials(Rsa))),
            "a token: for another audience" => Frames.Hello(Tokens.Create(time, audience: "something", credentials: Credentials(Rsa))),
            "a token: of another issuer" => Frames.Hello(Tokens.Create(time, issuer: "somebody", credentials: Credentials(Rsa))),
            "a token: alg=none" => Frames.Hello(Tokens.Unsigned(time)),
            "a token: HS256 with the public key" => Frames.Hello(Tokens.Create(time, key: Encoding.UTF8.GetBytes(Rsa.ExportSubjectPublicKeyInfoPem()))),
            "a token: of another key" => Frames.Hello(Tokens.Create(time, credentials: Credentials(OtherRsa))),
            "a token: RS512" => Frames.Hello(Tokens.Create(time, credentials: Credentials(Rsa, algorithm: SecurityAlgorithms.RsaSha512))),
            "a token: another one's signature" => Frames.Hello(Tokens.Create(time, "bob", credentials: Credentials(Rsa))[..^4] + "AAAA"),
            "a token: without a subject" => Frames.Hello(Tokens.Create(time, "", credentials: Credentials(Rsa))),
            "a session token that was stolen" => Frames.Hello(good, Scene.NeighbourClientId, scene.Neighbour.Welcome.SessionToken),
            "a session token of another client" => Frames.Hello(
                Tokens.Create(time, "neighbour", credentials: Credentials(Rsa)), "another", scene.Neighbour.Welcome.SessionToken),
            "a client ID: empty" => Frames.Hello(good, ""),
            "a client ID: two words" => Frames.Hello(good, "two words"),
            "a client ID: too long" => Frames.Hello(good, new string('c', ProtocolLimits.MaxClientIdLength + 1)),
            _ => throw new ArgumentOutOfRangeException(nameof(what), what, "unknown"),
        };
    }

    private static async Task SendAsync(TestStream stream, string what, Scene scene)
    {
        if (Malformed.GetValueOrDefault(what) is { } malformed)
        {
            await stream.SendRawAsync(malformed);
        }
        else if (TooLarge.GetValueOrDefault(what) is { } tooLarge)
        {
            await stream.SendRawAsync(tooLarge);
        }
        else if (what == "half a frame")
        {
            await stream.SendRawAsync([0x05, 0x12]);
            stream.Finish();
        }
        else if (what == "the end")
        {
            stream.Finish();
        }
        else
        {
            await stream.SendAsync(what switch
            {
                "Hello" => Frames.Hello(Tokens.Create(scene.Gateway.Time, "mallory")),
                "client_seq 0" => Frames.Publish(0, "text"),
                "client_seq 2^63" => Frames.Publish(1ul << 63, "text"),
                _ => NotHello[what],
            });
        }
    }

    private static TheoryData<string, ErrorCode> Table(ErrorCode code, params string[] inputs) => new TheoryData<string, ErrorCode>().With(code, inputs);

    /// <summary>A gateway, and someone in its lobby who keeps the rules.</summary>
    private sealed class Scene(TestGateway gateway, TestClient neighbour, TestRoom lobby) : IAsyncDisposable
    {
        public const string NeighbourClientId = "neighbours-phone";

        private ulong _published;

        public TestGateway Gateway => gateway;

        public TestClient Neighbour => neighbour;

        public static async Task<Scene> SetAsync()
        {
            var gateway = new TestGateway();
            var neighbour = await gateway.ConnectAsync("neighbour", NeighbourClientId);
            var scene = new Scene(gateway, neighbour, await neighbour.JoinAsync("lobby"));
            await scene.IsUndisturbedAsync();
            return scene;
        }

        /// <summary>The connection ends with a code, which is counted, and the neighbour's does not.</summary>
        public async Task EndsAsync(TestConnection connection, ErrorCode expected)
        {
            var (code, reason) = await connection.ClosedByGatewayAsync();
            Assert.Equal(expected, code);
            Assert.NotEmpty(reason);
            Assert.Equal(1, gateway.Metrics[$"quicchat.connection.closed{{code={expected.ToName()}}}"]);
            await gateway.ServedAsync(connection);
            await IsUndisturbedAsync();
        }

        /// <summary>The neighbour publishes and sees its own message.</summary>
        public async Task IsUndisturbedAsync()
        {
            await lobby.PublishAsync(++_published, "here");
            Assert.Equal(_published, (await lobby.AckAsync()).ClientSeq);
            await neighbour.PingAsync();
        }

        public ValueTask DisposeAsync() => gateway.DisposeAsync();
    }
}
