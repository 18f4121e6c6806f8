using System.Net;

using QuicChat.Quic.Simulation;

using Xunit;

namespace QuicChat.Quic.Tests.Simulation;

public class PathSimulatorOptionsTests
{
    private static readonly IPEndPoint Server = new(IPAddress.Loopback, 4433);

    public static TheoryData<string, PathSimulatorOptions> Faulty => new()
    {
        { "On the way to the server: The loss is 101%; give 0 to 100.", ToServer(new() { LossPercent = 101 }) },
        { "On the way to the server: The loss is -1%; give 0 to 100.", ToServer(new() { LossPercent = -1 }) },
        { "On the way to the server: The loss is NaN%; give 0 to 100.", ToServer(new() { LossPercent = double.NaN }) },
        { "On the way to the server: The duplication is 100.5%; give 0 to 100.", ToServer(new() { DuplicatePercent = 100.5 }) },
        { "On the way to the server: The reordering is -0.1%; give 0 to 100.", ToServer(new() { ReorderPercent = -0.1 }) },
        { "On the way to the server: The delay is -00:00:00.0200000; give 0 to 01:00:00.", ToServer(new() { Delay = TimeSpan.FromMilliseconds(-20) }) },
        { "On the way to the server: The jitter is 02:00:00; give 0 to 01:00:00.", ToServer(new() { Jitter = TimeSpan.FromHours(2) }) },
        { "On the way to the server: The reordering distance is 0 datagrams; give 1 or more.", ToServer(new() { ReorderDistance = 0 }) },
        { "On the way to the server: The rate is 0 bits a second; give 1000 or more, or none for no limit.", ToServer(new() { BitsPerSecond = 0 }) },
        { "On the way to the server: The queue holds 0 bytes; give 1 or more.", ToServer(new() { QueueBytes = 0 }) },
        {
            "On the way to the client: The loss is 101%; give 0 to 100.",
            new() { Server = Server, ToClient = new LinkConditions { LossPercent = 101 } }
        },
        {
            "The simulator cannot listen on 0.0.0.0:5000; give one address, such as 127.0.0.1:5000.",
            new() { Server = Server, Listen = new IPEndPoint(IPAddress.Any, 5000) }
        },
        {
            "The server's end point is 127.0.0.1:0; give an address and a port that can be sent to.",
            new() { Server = new IPEndPoint(IPAddress.Loopback, 0) }
        },
        {
            "The simulator listens on 127.0.0.1:4433 and forwards to the same end point; give two.",
            new() { Server = Server, Listen = Server }
        },
        {
            "The alternate server 127.0.0.1:4433 has the address family of the server 127.0.0.1:4433; give one of the other family.",
            new() { Server = Server, AlternateServer = Server }
        },
        {
            "The local address ::1 and the server 127.0.0.1:4433 have different address families; give two of one family.",
            new() { Server = Server, LocalAddress = IPAddress.IPv6Loopback }
        },
        { "Clients would rebind every 00:00:00; give 10 ms to 1 day.", new() { Server = Server, RebindEvery = TimeSpan.Zero } },
        { "A client would keep 1 paths; give 2 or more.", new() { Server = Server, MaxPathsPerClient = 1 } },
        {
            "Silent clients would be forgotten after 00:00:00; give 1 s to 1 day.",
            new() { Server = Server, ClientIdleTimeout = TimeSpan.Zero }
        },
        { "The socket buffers would hold 1 bytes; give 65536 or more.", new() { Server = Server, SocketBufferBytes = 1 } },
    };

    [Theory]
    [MemberData(nameof(Faulty))]
    public void A_faulty_option_is_refused_with_what_to_do(string message, PathSimulatorOptions options)
    {
        Assert.Equal([message], PathSimulatorOptionsValidator.Validate(options));
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => PathSimulator.Start(options)).Message);
    }

    [Fact]
    public void Defaults_are_valid() => Assert.Empty(PathSimulatorOptionsValidator.Validate(new PathSimulatorOptions { Server = Server }));

    [Fact]
    public async Task Faulty_conditions_are_refused_on_a_running_link_too()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        var faulty = new LinkConditions { LossPercent = 200 };

        Assert.StartsWith("The loss is 200%", Assert.Throws<ArgumentException>(() => network.Path.ToServer.Conditions = faulty).Message);
        Assert.StartsWith("The loss is 200%", Assert.Throws<ArgumentException>(() => network.Simulator.SetConditions(faulty)).Message);
    }

    private static PathSimulatorOptions ToServer(LinkConditions conditions) => new() { Server = Server, ToServer = conditions };
}
