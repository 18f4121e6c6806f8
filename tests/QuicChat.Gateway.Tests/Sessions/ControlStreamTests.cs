using QuicChat.Gateway.Tests.Support;
using QuicChat.Protocol.V1;

namespace QuicChat.Gateway.Tests.Sessions;

public sealed class ControlStreamTests
{
    [Fact]
    public async Task Pings_are_answered_with_their_numbers()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        await client.PingAsync(1);
        await client.PingAsync(ulong.MaxValue);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(ulong.MaxValue)]
    public async Task A_pong_that_answers_no_ping_is_a_violation(ulong number)
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();

        await client.Control.SendAsync(new ClientFrame { Pong = new Pong { Number = number } });

        Assert.Equal((ErrorCode.ProtocolViolation, $"Pong {number} answers no Ping"), await client.Connection.ClosedByGatewayAsync());
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
