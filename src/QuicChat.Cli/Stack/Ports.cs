using System.Net;
using System.Net.Sockets;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Stack;

/// <summary>Local ports.</summary>
internal static class Ports
{
    /// <summary>Whether a TCP port on 127.0.0.1 is free.</summary>
    public static bool IsTcpFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>A TCP port on 127.0.0.1 that is free now, for a program that cannot choose one itself.</summary>
    public static int FreeTcp()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Checks that UDP ports are free on all addresses, before anything is started for them.</summary>
    /// <exception cref="ToolException">One is not; the message names it and <paramref name="option"/>.</exception>
    public static void RequireFreeUdp(IEnumerable<int> ports, string option)
    {
        foreach (var port in ports)
        {
            using var socket = new Socket(AnyAddress.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            if (AnyAddress.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = true;
            }

            try
            {
                socket.Bind(new IPEndPoint(AnyAddress, port));
            }
            catch (SocketException e)
            {
                throw new ToolException($"UDP port {port} cannot be used ({e.Message}); choose another with {option}.", e);
            }
        }
    }

    /// <summary>The address that stands for all of this machine's: IPv6 and IPv4 in one where IPv6 is there.</summary>
    public static IPAddress AnyAddress => Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
}
