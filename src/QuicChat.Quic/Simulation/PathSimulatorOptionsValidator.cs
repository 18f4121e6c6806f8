using System.Net;

namespace QuicChat.Quic.Simulation;

/// <summary>Checks <see cref="PathSimulatorOptions"/>.</summary>
public static class PathSimulatorOptionsValidator
{
    /// <summary>What is wrong with the options, one line each; empty where they can be used.</summary>
    public static IReadOnlyList<string> Validate(PathSimulatorOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return [.. Find(options)];
    }

    private static IEnumerable<string> Find(PathSimulatorOptions options)
    {
        var listen = options.Listen.Unmapped();
        var server = options.Server.Unmapped();
        if (listen.Address.Equals(IPAddress.Any) || listen.Address.Equals(IPAddress.IPv6Any))
        {
            yield return $"The simulator cannot listen on {listen}; give one address, such as 127.0.0.1:{listen.Port}.";
        }

        foreach (var target in new[] { server, options.AlternateServer?.Unmapped() })
        {
            if (target is not null
                && (target.Port == 0 || target.Address.Equals(IPAddress.Any) || target.Address.Equals(IPAddress.IPv6Any)))
            {
                yield return $"The server's end point is {target}; give an address and a port that can be sent to.";
            }
        }

        if (listen.Port != 0 && listen.Equals(server))
        {
            yield return $"The simulator listens on {listen} and forwards to the same end point; give two.";
        }

        if (options.AlternateServer?.Unmapped().AddressFamily == server.AddressFamily)
        {
            yield return $"The alternate server {options.AlternateServer} has the address family of the server {server}; give one of the other family.";
        }

        if (options.LocalAddress is { } local && Unmap(local).AddressFamily != server.AddressFamily)
        {
            yield return $"The local address {local} and the server {server} have different address families; give two of one family.";
        }

        if (options.RebindEvery is { } rebindEvery && (rebindEvery < TimeSpan.FromMilliseconds(10) || rebindEvery > TimeSpan.FromDays(1)))
        {
            yield return $"Clients would rebind every {rebindEvery}; give 10 ms to 1 day.";
        }

        if (options.MaxPathsPerClient < 2)
        {
            yield return $"A client would keep {options.MaxPathsPerClient} paths; give 2 or more.";
        }

        if (options.ClientIdleTimeout < TimeSpan.FromSeconds(1) || options.ClientIdleTimeout > TimeSpan.FromDays(1))
        {
            yield return $"Silent clients would be forgotten after {options.ClientIdleTimeout}; give 1 s to 1 day.";
        }

        if (options.SocketBufferBytes < 64 * 1024)
        {
            yield return $"The socket buffers would hold {options.SocketBufferBytes} bytes; give 65536 or more.";
        }

        foreach (var (direction, conditions) in new[] { ("to the server", options.ToServer), ("to the client", options.ToClient) })
        {
            foreach (var failure in conditions.Validate())
            {
                yield return $"On the way {direction}: {failure}";
            }
        }
    }

    internal static IPEndPoint Unmapped(this IPEndPoint endPoint)
        => endPoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endPoint.Address.MapToIPv4(), endPoint.Port) : endPoint;

    internal static IPAddress Unmap(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
