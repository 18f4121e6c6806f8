using QuicChat.Gateway.Tests.Support;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Gateway.Tests.Sessions;

public sealed class ControlStreamTests
{
    public static TheoryData<string, byte[], ErrorCode> BadBytes { get; } = new()
    {
        { "a frame of 65,537 bytes", [0x81, 0x80, 0x04], ErrorCode.FrameTooLarge },
        { "a length of four bytes", [0xff, 0xff, 0xff, 0x01], ErrorCode.FrameTooLarge },
        { "bytes that are no Protobuf", [0x02, 0xff, 0xff], ErrorCode.ProtocolViolation },
        { "an empty frame", [0x00], ErrorCode.ProtocolViolation },
        { "a frame of an unknown type", [0x03, 0xfa, 0x3f, 0x00], ErrorCode.ProtocolViolation },
    };

    [Theory]
    [MemberData(nameof(BadBytes))]
    public async Task Bad_bytes_end_their_connection_alone(string what, byte[] bytes, ErrorCode expected)
    {
        Assert.NotEmpty(what);
        await using var gateway = new TestGateway();
        var neighbour = await gateway.ConnectAsync("bob");
        var neighbourRoom = await neighbour.JoinAsync("lobby");
        foreach (var isControl in new[] { true, false })
        {
            var client = await gateway.ConnectAsync();
            var stream = isControl ? client.Control : (await client.JoinAsync("lobby")).Stream;

            await stream.SendRawAsync(bytes);

            Assert.Equal(expected, (await client.Connection.ClosedByGatewayAsync()).Code);
        }

        await neighbourRoom.PublishAsync(1, "still here");
        Assert.Equal(1u, (await neighbourRoom.AckAsync()).Offset);
        Assert.Equal(2, gateway.Metrics[$"quicchat.connection.closed{{code={expected.ToName()}}}"]);
    }

    [Fact]
    public async Task Pings_are_answered_with_their_numbers()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        await client.PingAsync(1);
        await client.PingAsync(ulong.MaxValue);
    }

    [Fact]
    public async Task A_client_that_does_not_read_its_answers_is_not_read_from()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync(configure: connection => connection.Window = 1_024);

        // Each Pong takes 12 bytes of the gateway's pipe; unread Pings pile up in the client's own.
        var isTaken = true;
        for (var i = 0; isTaken && i < 100_000; i++)
        {
            isTaken = client.Control.TrySendAsync(Frames.Ping(ulong.MaxValue)).IsCompleted;
        }

        Assert.False(isTaken);
    }

    [Fact]
    public async Task Room_frames_on_the_control_stream_are_a_violation()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();

        await client.Control.SendAsync(Frames.Join("lobby"));

        Assert.Equal(ErrorCode.ProtocolViolation, (await client.Connection.ClosedByGatewayAsync()).Code);
    }

    [Fact]
    public async Task The_end_of_the_control_stream_is_the_end_of_the_connection()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();

        client.Control.Finish();

        Assert.Equal(ErrorCode.NoError, (await client.Connection.ClosedByGatewayAsync()).Code);
    }

    [Theory]
    [InlineData(ErrorCode.NoError, ErrorCode.NoError)]
    [InlineData(ErrorCode.Internal, ErrorCode.ProtocolViolation)]
    public async Task A_reset_control_stream_is_the_end_too_and_a_violation_unless_without_error(ErrorCode reset, ErrorCode expected)
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();

        client.Control.Reset(reset);

        Assert.Equal(expected, (await client.Connection.ClosedByGatewayAsync()).Code);
    }
}
