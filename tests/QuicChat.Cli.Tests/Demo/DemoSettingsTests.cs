using QuicChat.Cli.Demo;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Tests.Demo;

public sealed class DemoSettingsTests
{
    [Theory]
    [InlineData(8, 2)]
    [InlineData(40, 2)]
    [InlineData(2, 1)]
    [InlineData(7, 3)]
    public void Each_room_has_talkers_and_listeners(int clients, int rooms)
    {
        var settings = Settings(clients, rooms);

        foreach (var room in Enumerable.Range(0, clients).GroupBy(settings.RoomOf))
        {
            Assert.Contains(true, room.Select(settings.IsTalker));
            Assert.Contains(false, room.Select(settings.IsTalker));
        }

        Assert.Equal(rooms, Enumerable.Range(0, clients).Select(settings.RoomOf).Distinct().Count());
    }

    [Fact]
    public void Half_of_the_clients_talk_and_those_of_a_room_take_turns()
    {
        var settings = Settings(8, 2);

        Assert.Equal([0, 1, 4, 5], Enumerable.Range(0, 8).Where(settings.IsTalker));
        Assert.Equal([0, 0, 50, 50], Enumerable.Range(0, 8).Where(settings.IsTalker).Select(client => settings.FirstMessage(client).TotalMilliseconds));
    }

    private static DemoSettings Settings(int clients, int rooms)
        => new(clients, rooms, 3, TimeSpan.FromSeconds(20), LinkConditions.Unimpaired, PathChanges.Rebinding, Seed: 1, QuicEngineKind.Auto);
}
