using System.Net;
using System.Net.Sockets;

namespace QuicChat.Silo.Hosting;

/// <summary>Finds out before the silo joins the cluster whether it can have its ports.</summary>
internal static class SiloPorts
{
    /// <summary>Resolves port 0 to free ports.</summary>
    /// <exception cref="SiloException">A port is taken.</exception>
    public static SiloOptions Find(SiloOptions options)
    {
        // All probes are open at once, so that two ports 0 do not find the same one.
        using var silo = Probe(options.Advertise, options.SiloPort, "--silo-port");
        using var client = Probe(options.Advertise, options.ClientPort, "--client-port");
        // The web host resolves its port 0 itself, and has no need of a probe then.
        using var web = options.Web.Port == 0 || !IPAddress.TryParse(options.Web.DnsSafeHost, out var address)
            ? null
            : Probe(address, options.Web.Port, "--web");
        return options with { SiloPort = PortOf(silo), ClientPort = PortOf(client) };
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private static Socket Probe(IPAddress address, int port, string option)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(1);
            return socket;
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw error.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? new SiloException($"Port {port} of {address} is taken; stop what uses it, or choose another with {option} (0 takes a free one).", error)
                : new SiloException($"Cannot listen on {address} port {port} ({error.Message}); choose another with {option}.", error);
        }
    }
}
