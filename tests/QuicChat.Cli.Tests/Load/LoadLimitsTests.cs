using QuicChat.Cli.Load;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Tests.Load;

public sealed class LoadLimitsTests
{
    private static readonly LoadSettings Hundred = new() { Connections = 100, Rooms = 10, Members = 10, Publishers = 1 };

    [Fact]
    public void More_clients_than_open_files_are_refused_with_the_number_to_raise_the_limit_to()
    {
        var refusal = Assert.Throws<UsageException>(() => new LoadLimits(499, null).Check(Hundred));

        Assert.Equal(
            "--connections: 100 clients need 500 open files, and this process may have 499; raise the limit with 'ulimit -n 500', give fewer, or let them share sockets with --sockets 64", refusal.Message);
        new LoadLimits(500, null).Check(Hundred);
    }

    [Fact]
    public void More_clients_than_ports_are_refused_with_the_setting_to_widen()
    {
        var refusal = Assert.Throws<UsageException>(() => new LoadLimits(null, 99).Check(Hundred));

        Assert.Equal(
            "--connections: 100 clients need 100 UDP ports, and the system gives out 99; widen net.ipv4.ip_local_port_range with sysctl, give fewer, or let them share sockets with --sockets 64",
            refusal.Message);
        new LoadLimits(null, 100).Check(Hundred);
    }

    [Fact]
    public void Clients_behind_a_simulated_network_need_the_sockets_of_their_paths_too()
    {
        Assert.Equal(300, LoadLimits.Sockets(Hundred with { Storm = TimeSpan.Zero }));
        Assert.Equal(200, LoadLimits.Sockets(Hundred with { Storm = TimeSpan.Zero, Movers = Movers.Half }));
        Assert.Equal(200, LoadLimits.Sockets(Hundred with { Storm = TimeSpan.Zero, ChangeKind = ChangeKind.Active }));
        Assert.Equal(8, LoadLimits.Sockets(Hundred with { Sockets = 8 }));
        Assert.Equal(115, LoadLimits.Sockets(Hundred with { BlackholePercent = 5 }));
    }

    [Fact]
    public void This_machine_tells_its_limits()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has /proc.");
        var limits = LoadLimits.OfThisMachine();

        Assert.InRange(limits.OpenFiles ?? 0, 64, long.MaxValue);
        Assert.InRange(limits.Ports ?? 0, 1, 65_536);
    }
}
