using System.Net;
using System.Net.Sockets;

using Xunit;

namespace QuicChat.Quic.Tests.Simulation;

internal static class Ports
{
    /// <summary>Fails where a socket is still bound there.</summary>
    public static void AssertFree(IPEndPoint endPoint)
    {
        using var socket = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        var failure = Record.Exception(() => socket.Bind(endPoint));
        Assert.True(failure is null, $"{endPoint} is still in use: {failure?.Message}");
    }
}
