using System.Net;
using System.Net.NetworkInformation;

namespace QuicChat.Client;

/// <summary>A way out of this machine: an address of one of its network interfaces that is up.</summary>
/// <param name="Name">The interface's name, as the system has it.</param>
/// <param name="Type">What kind of network it is, as far as the system knows.</param>
/// <param name="Address">The address.</param>
public sealed record LocalNetwork(string Name, NetworkInterfaceType Type, IPAddress Address);
