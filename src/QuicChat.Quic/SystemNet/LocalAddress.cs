using System.Net;
using System.Net.Sockets;

namespace QuicChat.Quic.SystemNet;

/// <summary>Tells whether this machine has an address. MsQuic binds any, and nothing ever arrives there.</summary>
internal static class LocalAddress
{
    /// <exception cref="SocketException">This machine has no such address.</exception>
    public static void Check(IPAddress address)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(address, 0));
    }
}
