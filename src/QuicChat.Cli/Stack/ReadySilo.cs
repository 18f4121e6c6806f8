namespace QuicChat.Cli.Stack;

/// <summary>A silo's ready line.</summary>
/// <param name="SiloPort">Its TCP port for other silos.</param>
/// <param name="ClientPort">Its TCP port for gateways and admin clients.</param>
/// <param name="Web">The base URL of its web port.</param>
/// <param name="Dashboard">The URL of the Orleans Dashboard.</param>
internal sealed record ReadySilo(int SiloPort, int ClientPort, string Web, string Dashboard);
