using System.Net;
using QuicChat.Quic.Ngtcp2.Core;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

public sealed class PathVirtualizerTests
{
    private static readonly FourTuple Home = Path("192.0.2.1", 1000);
    private static readonly FourTuple Away = Path("192.0.2.1", 2000);

    [Fact]
    public void The_first_path_is_shown_as_it_is()
    {
        var paths = new PathVirtualizer(Home);
        Assert.Equal(Home, paths.ToVirtual(Home));
        Assert.Equal(Home, paths.ToReal(Home));
    }

    [Fact]
    public void A_return_is_shown_as_a_new_path_of_the_same_address()
    {
        var paths = new PathVirtualizer(Home);
        var away = paths.ToVirtual(Away);
        Assert.True(paths.SetCurrent(away));
        paths.SetValidated(away);

        var back = paths.ToVirtual(Home);

        Assert.NotEqual(Home, back);
        Assert.Equal(Home.Remote.ToEndPoint().Address, back.Remote.ToEndPoint().Address);
        Assert.Equal(Home, paths.ToReal(back));
        Assert.Equal(Home, paths.ToReal(Home));
        Assert.Equal(back, paths.ToVirtual(Home));
        Assert.True(paths.SetCurrent(back));
        Assert.False(paths.SetCurrent(back));
        Assert.Equal(Home, paths.Current);
    }

    [Fact]
    public void A_path_is_left_while_another_is_in_use()
    {
        var paths = new PathVirtualizer(Home);
        var away = paths.ToVirtual(Away);
        Assert.False(paths.HasLeft(Home));
        Assert.False(paths.HasLeft(Away));

        Assert.True(paths.SetCurrent(away));
        paths.SetValidated(away);
        Assert.Equal(away, paths.CurrentVirtual);
        Assert.True(paths.HasLeft(Home));
        Assert.False(paths.HasLeft(Away));

        paths.ToVirtual(Home);
        paths.Keep();
        Assert.False(paths.HasLeft(Home));
    }

    [Fact]
    public void A_return_from_a_path_that_was_never_validated_is_one_to_the_old_path()
    {
        var paths = new PathVirtualizer(Home);
        Assert.True(paths.SetCurrent(paths.ToVirtual(Away)));
        Assert.Equal(Home, paths.ToVirtual(Home));
        Assert.True(paths.SetCurrent(Home));
        Assert.Equal(long.MaxValue, paths.Allowance);
    }

    [Fact]
    public void Falling_back_to_the_old_path_gives_it_its_port_again()
    {
        var paths = new PathVirtualizer(Home);
        Assert.True(paths.SetCurrent(paths.ToVirtual(Away)));
        Assert.True(paths.SetCurrent(Home));
        Assert.Equal(Home, paths.ToVirtual(Home));
    }

    [Fact]
    public void A_path_that_nothing_genuine_came_from_leaves_nothing()
    {
        var paths = new PathVirtualizer(Home);
        var forged = paths.ToVirtual(Path("198.51.100.1", 443));
        paths.Forget();
        Assert.Null(paths.ToReal(forged));

        // Not even its port.
        Assert.Equal(forged.Remote.Port, paths.ToVirtual(Away).Remote.Port);
    }

    [Fact]
    public void Three_candidates_are_kept_the_newest_and_never_at_the_cost_of_a_validated_path()
    {
        var paths = new PathVirtualizer(Home);
        var away = paths.ToVirtual(Away);
        Assert.True(paths.SetCurrent(away));
        paths.SetValidated(away);
        List<FourTuple> candidates = [];
        for (var i = 0; i < 100; i++)
        {
            candidates.Add(paths.ToVirtual(Path($"198.51.100.{i}", 443)));
            paths.Keep();
        }

        Assert.Equal(candidates.TakeLast(3), candidates.Where(candidate => paths.ToReal(candidate) is not null));
        Assert.Equal(97, paths.GivenUp);
        Assert.Equal(Away, paths.ToReal(away));
        Assert.Equal(Home, paths.ToReal(Home));
    }

    [Fact]
    public void Virtual_ports_are_never_zero_and_never_shared()
    {
        var paths = new PathVirtualizer(Path("192.0.2.1", 65535));
        for (var i = 0; i < 70_000; i++)
        {
            var current = paths.Current;
            var real = Path("192.0.2.2", (ushort)(1 + (i % 1000)));
            var next = paths.ToVirtual(real);
            Assert.NotEqual(0, next.Remote.Port);
            Assert.Equal(real, paths.ToReal(next));
            Assert.Equal(current, paths.ToReal(paths.ToVirtual(current)));
            paths.SetCurrent(next);
        }
    }

    private static FourTuple Path(string address, ushort port) => new(
        UdpAddress.From(new IPEndPoint(IPAddress.Loopback, 4433)), UdpAddress.From(new IPEndPoint(IPAddress.Parse(address), port)));
}
