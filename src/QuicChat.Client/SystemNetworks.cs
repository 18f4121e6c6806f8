using System.Net;
using System.Net.NetworkInformation;

namespace QuicChat.Client;

/// <summary>The networks as the operating system tells of them.</summary>
internal sealed class SystemNetworks : ILocalNetworks
{
    private readonly Lock _gate = new();
    private Action? _changed;

    private SystemNetworks()
    {
    }

    public static SystemNetworks Instance { get; } = new();

    // The system is asked to tell only while anybody listens. On Linux an interface that goes down keeps its IPv4 addresses, and is told of as a change of
    // availability alone.
    public event Action? Changed
    {
        add
        {
            lock (_gate)
            {
                if (_changed is null)
                {
                    NetworkChange.NetworkAddressChanged += OnChanged;
                    NetworkChange.NetworkAvailabilityChanged += OnChanged;
                }

                _changed += value;
            }
        }

        remove
        {
            lock (_gate)
            {
                if (_changed is null)
                {
                    return;
                }

                _changed -= value;
                if (_changed is null)
                {
                    NetworkChange.NetworkAddressChanged -= OnChanged;
                    NetworkChange.NetworkAvailabilityChanged -= OnChanged;
                }
            }
        }
    }

    public IReadOnlyList<LocalNetwork> List()
        => [.. NetworkInterface.GetAllNetworkInterfaces()
            .Where(network => network.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)
            .SelectMany(network => network.GetIPProperties().UnicastAddresses, (network, unicast) => new LocalNetwork(network.Name, network.NetworkInterfaceType, unicast.Address))
            .Where(network => IsUsable(network.Address))];

    // A link-local address reaches no gateway beyond the link (RFC 4291, section 2.5.6; RFC 3927).
    private static bool IsUsable(IPAddress address)
        => !address.IsIPv6LinkLocal && !address.IsIPv6Multicast && !(address.GetAddressBytes() is [169, 254, _, _]);

    private void OnChanged(object? sender, EventArgs e) => _changed?.Invoke();
}
