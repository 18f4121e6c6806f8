using QuicChat.Protocol.V1;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>A client that was welcomed.</summary>
internal sealed class TestClient(TestConnection connection, TestStream control, Welcome welcome)
{
    public TestConnection Connection => connection;

    public TestStream Control => control;

    public Welcome Welcome => welcome;

    /// <summary>Joins a room and waits for the answer.</summary>
    public async Task<TestRoom> JoinAsync(string room, Position? after = null, uint newest = 0, bool presence = false)
    {
        var stream = connection.Open();
        await stream.SendAsync(Frames.Join(room, after, newest, presence));
        var joined = (await stream.ReceiveAsync("Joined"))?.Joined;
        return new TestRoom(stream, joined ?? throw new InvalidOperationException("The first answer was not Joined."));
    }

    /// <summary>Makes a round trip on the control stream: the connection is alive.</summary>
    public async Task PingAsync(ulong number = 7)
    {
        await control.SendAsync(Frames.Ping(number));
        Assert.Equal(number, (await control.ReceiveAsync("Pong"))?.Pong?.Number);
    }
}
