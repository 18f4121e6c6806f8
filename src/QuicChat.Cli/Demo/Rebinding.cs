using System.Net;

namespace QuicChat.Cli.Demo;

/// <summary>A change of a client's path that the demo makes.</summary>
/// <param name="At">When, since the start of publishing.</param>
/// <param name="Client">Whose, counted from 0.</param>
/// <param name="NewAddress">The address to move to; <see langword="null"/> takes a new port on the same address.</param>
internal sealed record Rebinding(TimeSpan At, int Client, IPAddress? NewAddress);
