namespace QuicChat.Cli.Stack;

/// <summary>A silo of a running stack.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Pid">Its process ID.</param>
/// <param name="SiloPort">Its TCP port for other silos.</param>
/// <param name="ClientPort">Its TCP port for gateways and admin clients.</param>
/// <param name="Web">The base URL of its web port.</param>
/// <param name="Dashboard">The URL of the Orleans Dashboard.</param>
internal sealed record RunningSilo(string Name, int Pid, int SiloPort, int ClientPort, string Web, string Dashboard);
