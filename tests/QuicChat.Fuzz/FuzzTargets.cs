using QuicChat.Fuzz.Targets;

namespace QuicChat.Fuzz;

/// <summary>The targets by name.</summary>
internal static class FuzzTargets
{
    private static readonly Dictionary<string, Func<IFuzzTarget>> All = new()
    {
        ["frames"] = () => new FrameTarget(),
        ["tokens"] = () => new TokenTarget(),
        ["session-tokens"] = () => new SessionTokenTarget(),
        ["address-tokens"] = () => new AddressTokenTarget(),
        ["client-hellos"] = () => new ClientHelloTarget(),
        ["connection-ids"] = () => new ConnectionIdTarget(),
        ["link-frames"] = () => new LinkFrameTarget(),
        ["core"] = () => new CoreTarget(),
        ["listener"] = () => new ListenerTarget(),
    };

    /// <summary>Those that are fuzzed.</summary>
    public static IReadOnlyCollection<string> Names => All.Keys;

    public static bool IsOne(string name) => name == CanaryTarget.Name || All.ContainsKey(name);

    public static IFuzzTarget Create(string name) => name == CanaryTarget.Name ? new CanaryTarget() : All[name]();
}
