using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

/// <summary>Which engine runs, whatever this machine has.</summary>
public sealed class QuicEngineTests
{
    private const string Missing = "The ngtcp2 engine needs libngtcp2. Install with: apt-get install libngtcp2-16.";

    [Theory]
    [InlineData(QuicEngineKind.Auto, true, true, QuicEngineKind.Ngtcp2)]
    [InlineData(QuicEngineKind.Auto, true, false, QuicEngineKind.Ngtcp2)]
    [InlineData(QuicEngineKind.Auto, false, true, QuicEngineKind.System)]
    [InlineData(QuicEngineKind.Ngtcp2, true, true, QuicEngineKind.Ngtcp2)]
    [InlineData(QuicEngineKind.System, true, true, QuicEngineKind.System)]
    [InlineData(QuicEngineKind.System, false, true, QuicEngineKind.System)]
    public void The_engine_that_was_asked_for_runs_and_auto_prefers_exact_path_events(
        QuicEngineKind kind, bool hasNgtcp2, bool hasSystem, QuicEngineKind chosen)
        => Assert.Equal(chosen, QuicEngine.Choose(kind, hasNgtcp2 ? null : Missing, () => hasSystem));

    [Theory]
    [InlineData(QuicEngineKind.System, true, false, "libmsquic", "engine 'ngtcp2', which can run here")]
    [InlineData(QuicEngineKind.Ngtcp2, false, true, "libngtcp2-16", "engine 'system', which can run here")]
    [InlineData(QuicEngineKind.Auto, false, false, "libngtcp2-16", "libmsquic")]
    [InlineData(QuicEngineKind.System, false, false, "libngtcp2-16", "libmsquic")]
    [InlineData(QuicEngineKind.Ngtcp2, false, false, "libngtcp2-16", "libmsquic")]
    public void Where_it_cannot_run_one_message_says_what_to_install_or_to_use(
        QuicEngineKind kind, bool hasNgtcp2, bool hasSystem, string first, string second)
    {
        var error = Assert.Throws<QuicEngineUnavailableException>(() => QuicEngine.Choose(kind, hasNgtcp2 ? null : Missing, () => hasSystem));
        Assert.Contains(first, error.Message, StringComparison.Ordinal);
        Assert.Contains(second, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void System_Net_Quic_is_not_started_where_it_is_not_wanted()
        => Assert.Equal(QuicEngineKind.Ngtcp2, QuicEngine.Choose(QuicEngineKind.Auto, null, () => throw new InvalidOperationException("It was started.")));
}
