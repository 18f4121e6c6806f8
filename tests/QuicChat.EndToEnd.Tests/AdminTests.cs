using System.Net;
using System.Text.Json;
using QuicChat.Client;
using QuicChat.EndToEnd.Tests.Support;
using QuicChat.Quic.Simulation;
using Xunit;

namespace QuicChat.EndToEnd.Tests;

/// <summary>What an operator asks and tells a running cluster.</summary>
public sealed class AdminTests(Stack stack)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_connection_shows_its_last_migrations_and_is_gone_once_it_is_kicked()
    {
        await using var path = PathSimulator.Start(new PathSimulatorOptions { Server = stack.Gateway });
        await using var client = await stack.ConnectAsync(path, "kicked");
        using var completed = new SemaphoreSlim(0);
        client.PathChanged += change => completed.Release(change.Outcome == PathChangeOutcome.Completed ? 1 : 0);
        var id = client.ConnectionId.ToString();

        path.RebindAll(IPAddress.Parse("127.0.0.2"));
        await client.JoinAsync("somewhere");
        Assert.True(await completed.WaitAsync(Limit), "The client did not hear of its migration.");

        var connection = JsonDocument.Parse("{}").RootElement;
        await Eventually.HoldsAsync(
            async () => (connection = (await AdminAsync("connection", id)).Json).GetProperty("migrationCount").GetInt64() == 1, () => $"the migration is recorded: {connection}");
        Assert.Equal(("kicked", "stable"), (connection.GetProperty("userId").GetString(), connection.GetProperty("state").GetString()));
        var attempt = Assert.Single(connection.GetProperty("history").EnumerateArray());
        Assert.Equal(("address", "completed"), (attempt.GetProperty("kind").GetString(), attempt.GetProperty("outcome").GetString()));
        Assert.StartsWith("127.0.0.2:", connection.GetProperty("remoteEndPoint").GetString(), StringComparison.Ordinal);

        var kicked = await AdminAsync("kick", "--user", "kicked", "--reason", "enough");
        Assert.True(kicked.ExitCode == 0, kicked.ToString());
        Assert.Equal(id, Assert.Single(kicked.Json.GetProperty("kicked").EnumerateArray()).GetString());
        var end = await client.Closed.WaitAsync(Limit);
        Assert.Contains("KICKED: enough", end.Message, StringComparison.Ordinal);
        await Eventually.HoldsAsync(
            async () => (await AdminAsync("connection", id)).ExitCode == 1, () => "the kicked connection has left the registry");
    }

    [Fact]
    public async Task Gateways_and_silos_are_listed()
    {
        var gateway = Assert.Single((await AdminAsync("gateways")).Json.GetProperty("gateways").EnumerateArray());
        Assert.Equal("gw-1", gateway.GetProperty("gatewayId").GetString());
        var silo = Assert.Single((await AdminAsync("silos")).Json.GetProperty("silos").EnumerateArray());
        Assert.Equal(("silo-1", "active"), (silo.GetProperty("name").GetString(), silo.GetProperty("status").GetString()));
    }

    private Task<ToolResult> AdminAsync(params string[] arguments) => Tool.RunAsync(Limit, ["admin", .. arguments, "--json", "--data", stack.Data]);
}
