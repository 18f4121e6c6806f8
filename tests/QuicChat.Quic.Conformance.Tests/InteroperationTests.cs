using System.Net;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;
using QuicChat.Quic.Simulation;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests;

/// <summary>A client on one engine and a server on the other.</summary>
public sealed class InteroperationTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task They_talk_across_a_rebinding_and_the_client_hears_the_code_of_a_close(bool clientIsNgtcp2)
    {
        TestEngine.System.Require();
        var (clientEngine, serverEngine) = clientIsNgtcp2 ? (TestEngine.Ngtcp2, TestEngine.System) : (TestEngine.System, TestEngine.Ngtcp2);
        await using var server = await EchoServer.StartAsync(serverEngine);
        await using var simulator = PathSimulator.Start(new PathSimulatorOptions { Server = server.EndPoint });
        var seen = simulator.WaitForClientAsync();
        await using var client = await clientEngine.ConnectAsync(simulator.ListenEndPoint);
        await using var stream = await client.OpenStreamAsync();
        Assert.Equal("before", await stream.EchoAsync("before"));

        (await seen.Within("the client to reach the simulator")).Rebind(IPAddress.Parse("127.0.0.2"));
        Assert.Equal("after", await stream.EchoAsync("after"));

        var accepted = await server.NextConnectionAsync();
        await accepted.NextPathEventAsync<PathEvent.Detected>();
        Assert.Equal("round trip", await stream.EchoAsync("round trip"));
        accepted.Feature<IConnectionPathFeature>().Confirm();
        await accepted.NextPathEventAsync<PathEvent.Validated>();

        accepted.Feature<IConnectionCloseFeature>().Close(7, "going away");
        var closure = await client.Feature<IConnectionCloseFeature>().Closed.Within("the close");
        Assert.Equal((ConnectionCloseOrigin.Peer, 7u), (closure.Origin, closure.ApplicationErrorCode));
    }
}
