using Xunit;

namespace QuicChat.Quic.Conformance.Tests.Support;

/// <summary>Seeds that a failed test's output names. <c>QUICCHAT_SEED</c> in the environment repeats one.</summary>
internal static class Seeds
{
    public static int New()
    {
        var seed = Environment.GetEnvironmentVariable("QUICCHAT_SEED") is { } text
            ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture)
            : Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"Seed: {seed} (QUICCHAT_SEED={seed} repeats it)");
        return seed;
    }
}
