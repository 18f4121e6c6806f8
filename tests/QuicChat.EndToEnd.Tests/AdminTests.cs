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
    public async Task A_connection_is_listed_and_ends_for_its_client_once_an_operator_says_that_it_has_failed()
    {
        await using var path = PathSimulator.Start(new PathSimulatorOptions { Server = stack.Gateway });
        await using var first = await stack.ConnectAsync(path, "listed");
        await using var second = await stack.ConnectAsync(path, "listed");
        var (older, newer) = (first.ConnectionId.ToString(), second.ConnectionId.ToString());

        var list = default(JsonElement);
        await Eventually.HoldsAsync(
            async () => (list = (await AdminAsync("connections", "--user", "listed", "--gateway", "gw-1", "--state", "stable")).Json).GetProperty("total").GetInt64() == 2,
            () => $"both connections are listed: {list}");
        Assert.Equal([newer, older], Ids(list));
        var shown = list.GetProperty("connections")[0];
        Assert.Equal(("silo-1", "stable", 0), (shown.GetProperty("silo").GetString(), shown.GetProperty("state").GetString(), shown.GetProperty("migrationCount").GetInt32()));
        Assert.StartsWith("127.0.0.1:", shown.GetProperty("remoteEndPoint").GetString(), StringComparison.Ordinal);
        list = (await AdminAsync("connections", "--user", "listed", "--limit", "1")).Json;
        Assert.Equal([newer], Ids(list));
        Assert.Equal(2, list.GetProperty("total").GetInt32());
        var none = await AdminAsync("connections", "--user", "nobody");
        Assert.Equal((0, """{"total":0,"connections":[],"missing":[]}"""), (none.ExitCode, none.Output.Trim()));

        var failed = await AdminAsync("fail", older, "--reason", "its network is gone");
        Assert.True(failed.ExitCode == 0, failed.ToString());
        Assert.Equal($"{older}: it has failed, and its gateway closes it", failed.Error.Trim());
        var end = await first.Closed.WaitAsync(Limit);
        Assert.Equal(
            (ErrorCode.MigrationFailed, "The gateway closed the connection with MIGRATION_FAILED: its network is gone."), (end.Code, end.Message));

        Assert.Equal([newer], Ids((await AdminAsync("connections", "--user", "listed")).Json));
        Assert.Equal([older], Ids((await AdminAsync("connections", "--user", "listed", "--state", "migrationFailed")).Json));
        Assert.Equal("its network is gone", (await AdminAsync("connection", older)).Json.GetProperty("failureReason").GetString());
        await RefusesAsync(older, $"connection {older} has failed already: its network is gone.");
        const string unknown = "00000001c2f0a1b2c3d4e5f60718293a";
        await RefusesAsync(unknown, $"no connection {unknown} is registered.");
        Assert.False(second.Closed.IsCompleted, "The other connection has ended too.");

        async Task RefusesAsync(string id, string because)
        {
            var again = await AdminAsync("fail", id, "--reason", "again");
            Assert.Equal((1, $"quicchat: {because}"), (again.ExitCode, again.Error.Trim()));
        }
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

    private static string?[] Ids(JsonElement list) => [.. list.GetProperty("connections").EnumerateArray().Select(one => one.GetProperty("connectionId").GetString())];

    private Task<ToolResult> AdminAsync(params string[] arguments) => Tool.RunAsync(Limit, ["admin", .. arguments, "--json", "--data", stack.Data]);
}
