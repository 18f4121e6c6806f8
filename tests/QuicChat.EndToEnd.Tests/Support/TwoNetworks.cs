using System.Diagnostics;
using Xunit;

namespace QuicChat.EndToEnd.Tests.Support;

/// <summary>
/// A machine of its own (a network namespace) with two networks, both of which lead here: <c>a</c> at 198.51.100.2 and <c>b</c> at 203.0.113.2 (RFC 5737).
/// </summary>
internal sealed class TwoNetworks : IDisposable
{
    public const string Server = "198.51.100.1";
    public const string AddressA = "198.51.100.2";
    public const string AddressB = "203.0.113.2";
    private const string ServerB = "203.0.113.1";

    private readonly string _name = $"qc{Environment.ProcessId}";

    private TwoNetworks()
    {
    }

    /// <summary>Makes it; the test is skipped where that is not permitted.</summary>
    public static TwoNetworks Create()
    {
        var networks = new TwoNetworks();
        var (code, error) = networks.Ip("netns", "add", networks._name);
        Assert.SkipUnless(code == 0, $"Network namespaces cannot be made here; root can, on a system that permits it: {error}");
        try
        {
            networks.Add("a", Server, AddressA);
            networks.Add("b", ServerB, AddressB);
            networks.Inside("link", "set", "lo", "up");
            return networks;
        }
        catch
        {
            // What is in it goes with it, and so does the other end of each pair. The first failure is the one to be told.
            networks.Ip("netns", "del", networks._name);
            throw;
        }
    }

    /// <summary>What stands before a command that is to run there.</summary>
    public string[] Prefix => ["ip", "netns", "exec", _name];

    /// <summary>All that is not meant for the networks themselves goes by <c>a</c>, and where that is gone by <c>b</c>, as most systems do it.</summary>
    public void RouteByMetric()
    {
        Inside("route", "add", "default", "via", Server, "metric", "100");
        Inside("route", "add", "default", "via", ServerB, "metric", "200");
    }

    /// <summary>Only what is bound to <c>b</c>'s address goes by <c>b</c>, as phones do it.</summary>
    public void RouteBySource()
    {
        Inside("route", "add", "default", "via", Server);
        Inside("route", "add", "default", "via", ServerB, "table", "2");
        Inside("rule", "add", "from", AddressB, "table", "2");
    }

    /// <summary>The network <c>a</c> is lost.</summary>
    public void LoseA() => Inside("link", "set", Inner("a"), "down");

    public void Dispose()
    {
        Do("link", "del", Outer("a"));
        Do("link", "del", Outer("b"));
        Do("netns", "del", _name);
    }

    private string Outer(string network) => $"{_name}{network}0";

    private string Inner(string network) => $"{_name}{network}1";

    private void Add(string network, string outside, string inside)
    {
        Do("link", "add", Outer(network), "type", "veth", "peer", "name", Inner(network), "netns", _name);
        Do("addr", "add", $"{outside}/24", "dev", Outer(network));
        Do("link", "set", Outer(network), "up");
        Inside("addr", "add", $"{inside}/24", "dev", Inner(network));
        Inside("link", "set", Inner(network), "up");
    }

    private void Inside(params string[] arguments) => Do(["-n", _name, .. arguments]);

    private void Do(params string[] arguments)
    {
        var (code, error) = Ip(arguments);
        Assert.True(code == 0, $"ip {string.Join(' ', arguments)}: {error}");
    }

    private (int Code, string Error) Ip(params string[] arguments)
    {
        using var ip = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
        var error = ip.StandardError.ReadToEnd();
        ip.WaitForExit();
        return (ip.ExitCode, error.Trim());
    }
}
