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

    [Fact]
    public async Task Who_follows_migrations_sees_each_as_it_happens()
    {
        await using var path = PathSimulator.Start(new PathSimulatorOptions { Server = stack.Gateway });
        await using var client = await stack.ConnectAsync(path, "followed");
        var id = client.ConnectionId.ToString();
        await using var follow = Tool.Start("admin", "migrations", "--follow", "--json", "--data", stack.Data);
        await Eventually.HoldsAsync(() => follow.Output.Contains("""{"type":"following"}""", StringComparison.Ordinal), () => $"it follows: {follow.Error}");

        path.RebindAll(IPAddress.Parse("127.0.0.2"));
        await client.JoinAsync("somewhere");
        await Eventually.HoldsAsync(() => Events().Any(next => Text(next, "type") == "ended"), () => $"the end of the migration is told: {follow.Output}");
        follow.SendInterrupt();
        var result = await follow.EndAsync(Limit);

        Assert.Equal(0, result.ExitCode);
        Assert.Equal(["began", "ended"], Events().Select(next => Text(next, "type")));
        var (began, ended) = (Events()[0], Events()[1]);
        foreach (var name in (string[])["connectionId", "userId", "from", "to", "kind", "gatewayId", "silo"])
        {
            Assert.Equal(Text(began, name), Text(ended, name));
        }

        Assert.Equal(("followed", "address", "gw-1", "silo-1"), (Text(ended, "userId"), Text(ended, "kind"), Text(ended, "gatewayId"), Text(ended, "silo")));
        Assert.StartsWith("127.0.0.2:", Text(ended, "to"), StringComparison.Ordinal);
        Assert.Equal((null, "completed"), (Text(began, "outcome"), Text(ended, "outcome")));
        Assert.Equal(JsonValueKind.Null, began.GetProperty("durationMs").ValueKind);
        Assert.InRange(ended.GetProperty("durationMs").GetDouble(), 0, Limit.TotalMilliseconds);

        // Others may migrate at the same time.
        List<JsonElement> Events() =>
        [
            .. follow.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
                .Where(line => line.TryGetProperty("connectionId", out var connection) && connection.GetString() == id),
        ];

        static string? Text(JsonElement line, string name) => line.GetProperty(name).GetString();
    }

    private Task<ToolResult> AdminAsync(params string[] arguments) => Tool.RunAsync(Limit, ["admin", .. arguments, "--json", "--data", stack.Data]);
}
