using System.Collections.Immutable;

namespace QuicChat.Cli.Load;

/// <summary>How it stood after a step of the ramp.</summary>
/// <param name="Connections">Connections.</param>
/// <param name="ConnectedPerSecond">At which rate those of this step connected.</param>
/// <param name="ConnectSeconds">How long that took.</param>
/// <param name="Processes">What each process cost in the time that followed, in which all was idle.</param>
internal sealed record LoadStep(int Connections, double ConnectedPerSecond, double ConnectSeconds, ImmutableArray<ProcessReport> Processes);
