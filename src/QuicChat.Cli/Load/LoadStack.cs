using System.Collections.Immutable;
using System.Globalization;
using QuicChat.Cli.Stack;

namespace QuicChat.Cli.Load;

/// <summary>A stack as the target of a load.</summary>
internal static class LoadStack
{
    // Far above what a client can do: the limits are not what is measured.
    private const int NoLimit = 1_000_000;

    /// <summary>The options of gateways that let a load pass.</summary>
    public static ImmutableArray<string> LimitOptions(LoadSettings settings) =>
    [
        "--max-connections", (settings.Connections + 1000).ToString(CultureInfo.InvariantCulture),
        "--publish-rate", NoLimit.ToString(CultureInfo.InvariantCulture),
        "--handshake-rate", NoLimit.ToString(CultureInfo.InvariantCulture),
    ];

    /// <summary>A stack of this machine as a target.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="data">Its data directory.</param>
    /// <param name="tokenLifetime">For how long tokens are valid.</param>
    public static LoadTarget Target(RunningStack stack, DataFolder data, TimeSpan tokenLifetime) => new(
        [.. stack.Gateways.Select(StackClient.Address)],
        StackClient.Trust(data),
        Token(data.ReadTokenKey(), tokenLifetime),
        [
            .. stack.Gateways.Select(gateway => new ProcessMeter(gateway.Id, gateway.Pid)),
            .. stack.Silos.Select(silo => new ProcessMeter(silo.Name, silo.Pid)),
            .. stack.Store is { } store ? [new ProcessMeter("store", store.Pid)] : ImmutableArray<ProcessMeter>.Empty,
        ]);

    /// <summary>Makes tokens with a key.</summary>
    public static Func<string, string> Token(byte[] key, TimeSpan lifetime)
        => user => DevelopmentToken.Create(key, user, user, [], lifetime, DateTimeOffset.UtcNow);
}
