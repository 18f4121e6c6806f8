using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using QuicChat.Client;
using QuicChat.EndToEnd.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;
using QuicChat.Quic.Simulation;
using Xunit;

namespace QuicChat.EndToEnd.Tests;

/// <summary>What a gateway's own pages tell of what happens to it.</summary>
public sealed class GatewayPagesTests(Stack stack)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_migration_and_a_rejected_datagram_are_in_the_metrics_and_the_client_in_the_status()
    {
        Assert.SkipUnless(QuicEngine.Resolve(QuicEngineKind.Auto) == QuicEngineKind.Ngtcp2, "Only the engine 'ngtcp2' counts what it rejects.");
        await using var gateway = await MeteredGateway.StartAsync(stack);
        using var http = new HttpClient { BaseAddress = gateway.Web, Timeout = Limit };
        await using var path = PathSimulator.Start(new PathSimulatorOptions { Server = gateway.EndPoint });
        await using var client = await ChatClient.ConnectAsync(new ChatClientOptions
        {
            Servers = [path.ListenEndPoint.ToString()],
            Trust = ServerTrust.Pinned.Parse(stack.Fingerprint),
            Token = await stack.TokenAsync("seen"),
        });
        var room = await client.JoinAsync("seen");
        var moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        client.PathChanged += change =>
        {
            if (change.Outcome == PathChangeOutcome.Completed)
            {
                moved.TrySetResult();
            }
        };

        path.RebindAll(IPAddress.Parse("127.0.0.9"));
        await room.PublishAsync("moved");
        await moved.Task.WaitAsync(Limit);
        using var stranger = new UdpClient();
        await stranger.SendAsync(new byte[] { 0x40, 1, 2 }, gateway.EndPoint);

        var metrics = "";
        await Eventually.HoldsAsync(
            async () => (metrics = await http.GetStringAsync("/metrics"))
                .Contains("\nquicchat_quic_rejected_total{reason=\"malformed\"} 1", StringComparison.Ordinal),
            () => $"the datagram is counted:\n{metrics}");
        AssertTold("quicchat_path_ended_total{kind=\"address\",outcome=\"completed\"} 1", metrics);
        AssertTold("quicchat_path_duration_seconds_count{kind=\"address\"} 1", metrics);
        AssertTold("quicchat_connections{} 1", metrics);

        var status = JsonSerializer.Deserialize<JsonElement>(await http.GetStringAsync("/status"));
        Assert.Equal("gw-metered", status.GetProperty("id").GetString());
        Assert.Equal(4433, status.GetProperty("serverId").GetInt32());
        Assert.Equal(gateway.EndPoint.ToString(), status.GetProperty("endPoint").GetString());
        Assert.NotEqual(gateway.EndPoint, IPEndPoint.Parse(status.GetProperty("link").GetString()!));
        Assert.True(status.GetProperty("isReady").GetBoolean(), $"{status}");
        Assert.True(status.GetProperty("holdsLease").GetBoolean(), $"{status}");
        Assert.Equal(
            (1, 1, 1),
            (status.GetProperty("connections").GetInt32(), status.GetProperty("rooms").GetInt32(), status.GetProperty("roomStreams").GetInt32()));
    }

    private static void AssertTold(string line, string metrics)
        => Assert.True(
            metrics.Contains($"\n{line}", StringComparison.Ordinal),
            $"'{line}' is not among\n{string.Join('\n', metrics.Split('\n').Where(told => told.StartsWith("quicchat", StringComparison.Ordinal)))}");
}
