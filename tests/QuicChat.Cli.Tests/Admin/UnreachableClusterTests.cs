using System.Net;
using System.Net.Sockets;

namespace QuicChat.Cli.Tests.Admin;

public sealed class UnreachableClusterTests
{
    [Theory]
    [InlineData("stats")]
    [InlineData("connections")]
    [InlineData("fail 00000001c2f0a1b2c3d4e5f60718293a --reason gone")]
    public async Task A_store_that_does_not_answer_is_one_clear_line(string verb)
    {
        // Bound but not listening: connections are refused, and nobody else can take the port meanwhile.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        var run = await CommandRun.Of(["admin", .. verb.Split(' '), "--store", socket.LocalEndPoint!.ToString()!, "--json"]);

        Assert.Equal(1, run.ExitCode);
        Assert.Equal(
            $"quicchat: no Redis server answers at {socket.LocalEndPoint}; see whether the stack runs, or name another store with --store.",
            Assert.Single(run.ErrorLines));
        Assert.StartsWith("no Redis server answers", run.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
    }
}
