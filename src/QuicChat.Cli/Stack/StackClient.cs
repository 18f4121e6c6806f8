using QuicChat.Client;
using QuicChat.Quic.Engines;

namespace QuicChat.Cli.Stack;

/// <summary>How to connect to the gateways of a running stack on this machine.</summary>
internal static class StackClient
{
    // Longer than any run of a verb that connects once: a token is looked at when the connection is made.
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(1);

    /// <summary>Where a gateway is reached on this machine.</summary>
    public static string Address(RunningGateway gateway) => $"127.0.0.1:{gateway.Port}";

    /// <summary>Trust in the stack's certificate.</summary>
    public static ServerTrust Trust(RunningStack stack) => ServerTrust.Pinned.Parse(stack.Fingerprint);

    /// <summary>A development token for a user.</summary>
    public static string Token(DataFolder data, string user)
        => DevelopmentToken.Create(data, user, user, TokenLifetime, DateTimeOffset.UtcNow);

    /// <summary>Options to connect to one address as a user.</summary>
    public static ChatClientOptions Options(
        DataFolder data, RunningStack stack, string server, string user, QuicEngineKind engine = QuicEngineKind.Auto) => new()
        {
            Servers = [server],
            Trust = Trust(stack),
            Token = Token(data, user),
            Engine = engine,
        };
}
