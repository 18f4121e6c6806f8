using QuicChat.EndToEnd.Tests.Support;
using QuicChat.Quic.SystemNet;
using Xunit;

namespace QuicChat.EndToEnd.Tests;

/// <summary>The demo as a test: every message at every member, while every path changes.</summary>
public sealed class DemoTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [Theory]
    [InlineData("--clients", "8", "--rebinds", "3", "--seconds", "10")]
    [InlineData("--clients", "6", "--rebinds", "2", "--seconds", "10", "--loss", "2%", "--delay", "20ms", "--reorder", "1%")]
    [InlineData("--clients", "6", "--rebinds", "3", "--seconds", "10", "--active")]
    [InlineData("--clients", "6", "--rebinds", "2", "--seconds", "10", "--gateways", "2", "--cross")]
    public async Task Nothing_is_lost_doubled_or_reordered_and_every_change_is_counted(params string[] arguments)
    {
        var demo = await Tool.RunAsync(Limit, ["demo", "--json", .. arguments]);
        Assert.True(demo.ExitCode == 0, demo.ToString());
        var json = demo.Json;
        long Number(params string[] path) => path.Aggregate(json, (element, name) => element.GetProperty(name)).GetInt64();
        Assert.Equal((0, 0, 0, 0), (Number("lost"), Number("duplicated"), Number("reordered"), Number("reconnects")));
        Assert.Equal(0, Number("migrations", "failed"));
        Assert.Equal(long.Parse(arguments[1]) * long.Parse(arguments[3]), Number("rebinds"));
        Assert.True(Number("migrations", "completed") >= Number("rebinds"), demo.Output);
        Assert.Equal(Number("expected"), Number("delivered"));
        Assert.True(Number("published") > 0 && Number("expected") > Number("published"), demo.Output);

        // How long they are is for benchmarks to say; that a client waited for a time-out to recover would show as a reconnect.
        double Gap(string who) => json.GetProperty("deliveryGapMs").GetProperty(who).GetProperty("p99").GetDouble();
        Assert.True(Gap("talkers") > 0 && Gap("listeners") > 0, demo.Output);
    }

    [Fact]
    public async Task Nothing_is_lost_on_System_Net_Quic_either()
    {
        Assert.SkipUnless(SystemEngine.IsSupported, SystemEngine.Requirement);

        var demo = await Tool.RunAsync(Limit, "demo", "--json", "--engine", "system", "--clients", "6", "--rebinds", "2", "--seconds", "10");

        Assert.True(demo.ExitCode == 0, demo.ToString());
        var json = demo.Json;
        long Number(params string[] path) => path.Aggregate(json, (element, name) => element.GetProperty(name)).GetInt64();
        Assert.Equal((0, 0, 0, 0), (Number("lost"), Number("duplicated"), Number("reordered"), Number("reconnects")));
        Assert.Equal(0, Number("migrations", "failed"));

        // A round trip that took longer than 1 s on a loaded machine shows nothing.
        Assert.InRange(Number("migrations", "completed"), 1, Number("migrations", "started"));
    }
}
