using QuicChat.Quic.Simulation;

using Xunit;

namespace QuicChat.Quic.Tests.Simulation;

public class BlackholeTests
{
    public enum Level
    {
        Simulator,
        Client,
        Path,
    }

    [Theory]
    [InlineData(Level.Simulator, LinkDirections.ToServer)]
    [InlineData(Level.Simulator, LinkDirections.ToClient)]
    [InlineData(Level.Simulator, LinkDirections.Both)]
    [InlineData(Level.Client, LinkDirections.ToServer)]
    [InlineData(Level.Client, LinkDirections.ToClient)]
    [InlineData(Level.Client, LinkDirections.Both)]
    [InlineData(Level.Path, LinkDirections.ToServer)]
    [InlineData(Level.Path, LinkDirections.ToClient)]
    [InlineData(Level.Path, LinkDirections.Both)]
    public async Task Nothing_passes_in_the_directions_that_are_cut_off(Level level, LinkDirections directions)
    {
        await using var network = await SimulatedNetwork.StartAsync();
        Set(network, level, directions);

        await network.SendToServerAsync(1);
        await network.SendToClientAsync(network.Path.Path, 2);

        Assert.Equal(directions.HasFlag(LinkDirections.ToServer) ? 1 : 0, network.Path.ToServer.Counters.Blackholed);
        Assert.Equal(directions.HasFlag(LinkDirections.ToClient) ? 1 : 0, network.Path.ToClient.Counters.Blackholed);

        Set(network, level, LinkDirections.None);
        await network.SendToServerAsync(3);
        await network.SendToClientAsync(network.Path.Path, 4);
        Assert.Equal(directions.HasFlag(LinkDirections.ToServer) ? 3 : 1, (await network.Server.ReceiveAsync()).Number);
        Assert.Equal(directions.HasFlag(LinkDirections.ToClient) ? 4 : 2, (await network.Client.ReceiveAsync()).Number);
    }

    [Fact]
    public async Task A_dead_path_leaves_the_others_alive()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        var alive = network.Path.Path;
        var dead = network.Path.Rebind();
        dead.Blackhole = LinkDirections.Both;

        await network.SendToServerAsync(1);
        network.Path.ReturnTo(alive);
        await network.SendToServerAsync(2);

        Assert.Equal((alive.LocalEndPoint, 2), await network.Server.ReceiveAsync());
        Assert.False(dead.CarriedToServer.IsCompleted);
    }

    [Fact]
    public async Task What_is_under_way_does_not_pass_either()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        network.Path.ToServer.Conditions = new LinkConditions { Delay = TimeSpan.FromMilliseconds(20) };
        await network.SendToServerAsync(1);

        network.Path.Blackhole = LinkDirections.ToServer;
        network.Time.Advance(TimeSpan.FromMilliseconds(20));

        Assert.Equal(1, network.Path.ToServer.Counters.Blackholed);
        Assert.False(network.Server.HasReceived);
    }

    private static void Set(SimulatedNetwork network, Level level, LinkDirections directions)
    {
        switch (level)
        {
            case Level.Simulator:
                network.Simulator.Blackhole = directions;
                break;
            case Level.Client:
                network.Path.Blackhole = directions;
                break;
            default:
                network.Path.Path.Blackhole = directions;
                break;
        }
    }
}
