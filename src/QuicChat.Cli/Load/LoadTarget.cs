using System.Collections.Immutable;
using QuicChat.Quic.Engines;

namespace QuicChat.Cli.Load;

/// <summary>What a load is put on.</summary>
/// <param name="Servers">The gateways as <c>host:port</c>; clients begin at each in turn.</param>
/// <param name="Trust">How they prove that they are the right ones.</param>
/// <param name="Token">Makes a user's token.</param>
/// <param name="Processes">The processes whose cost is read, apart from this one.</param>
internal sealed record LoadTarget(
    ImmutableArray<string> Servers, ServerTrust Trust, Func<string, string> Token, ImmutableArray<ProcessMeter> Processes);
