using System.Net;
using System.Text.Json;
using QuicChat.Client;
using QuicChat.EndToEnd.Tests.Support;
using QuicChat.Quic.Simulation;
using Xunit;

namespace QuicChat.EndToEnd.Tests;

/// <summary>What an operator sets for migrations, on two silos and two gateways, and what becomes of clients by it.</summary>
public sealed class MigrationControlTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly Stack _stack = new("--silos", "2", "--gateways", "2");

    public ValueTask InitializeAsync() => _stack.InitializeAsync();

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task A_dead_path_ends_by_the_timeout_and_a_denied_one_is_not_used()
    {
        var policy = Path.Combine(_stack.Data, "policy.json");
        await File.WriteAllTextAsync(policy, """{ "deniedNetworks": ["127.0.0.2/32"] }""");
        await SetAsync("policy", "set", policy);
        await File.WriteAllTextAsync(policy, "{\n \"deniedNetworks\": [\"127.0.0.2/33\"]\n}");
        var refused = await AdminAsync("policy", "set", policy);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("line 2: deniedNetworks: '127.0.0.2/33' is not a network", refused.Error, StringComparison.Ordinal);
        Assert.Equal("127.0.0.2/32", Assert.Single((await AdminAsync("policy", "get")).Json.GetProperty("deniedNetworks").EnumerateArray()).GetString());

        await DeniedAsync();
        Assert.Equal(3, (await SetAsync("timeout", "set", "3s")).GetProperty("timeoutSeconds").GetDouble());
        await FailedAsync();
    }

    private async Task DeniedAsync()
    {
        await using var path = PathSimulator.Start(new PathSimulatorOptions { Server = _stack.Gateway });
        await using var client = await _stack.ConnectAsync(path, "denied");
        using var completed = new SemaphoreSlim(0);
        client.PathChanged += change => completed.Release(change.Outcome == PathChangeOutcome.Completed ? 1 : 0);
        var room = await client.JoinAsync("somewhere");

        await Eventually.HoldsAsync(async () => (await StatsAsync()).GetProperty("connections").GetInt64() == 1, () => "the connection is counted");
        path.RebindAll(IPAddress.Parse("127.0.0.2"));
        var published = room.PublishAsync("from a denied network");
        await Eventually.HoldsAsync(
            async () => (await StatsAsync()).GetProperty("totals").GetProperty("denied").GetInt64() == 1, () => "the denied path is counted");
        Assert.False(published.IsCompleted, "A message arrived by a denied path.");

        path.RebindAll(IPAddress.Parse("127.0.0.3"));
        await published.WaitAsync(Limit);
        Assert.True(await completed.WaitAsync(Limit), "The client did not hear of its migration.");
        var totals = (await StatsAsync()).GetProperty("totals");
        Assert.Equal((1, 1, 1), (Count("started"), Count("completed"), Count("denied")));

        long Count(string name) => totals.GetProperty(name).GetInt64();
    }

    private async Task FailedAsync()
    {
        await using var path = PathSimulator.Start(new PathSimulatorOptions { Server = _stack.Gateway });
        await using var client = await _stack.ConnectAsync(path, "lost");
        var room = await client.JoinAsync("somewhere");
        await room.PublishAsync("before");

        // The gateway hears the client from its new path, the client hears nothing any more.
        var failed = new TaskCompletionSource<ChatCloseReason>();
        client.MigrationFailed += failed.SetResult;
        path.Blackhole = LinkDirections.ToClient;
        path.RebindAll(null);
        var published = room.PublishAsync("after");

        JsonElement failure = default;
        await Eventually.HoldsAsync(
            async () => (failure = (await AdminAsync("migrations", "--failed")).Json.GetProperty("failed").EnumerateArray().FirstOrDefault()).ValueKind == JsonValueKind.Object,
            () => "the failed migration is listed");
        Assert.Equal("lost", failure.GetProperty("userId").GetString());

        // Both have the same time, and whoever is first says so.
        Assert.Contains(
            failure.GetProperty("reason").GetString(),
            new List<string?> { "no path was validated within 3 s", "the client heard nothing on its new path and gave it up" });
        Assert.InRange(failure.GetProperty("attempt").GetProperty("durationMs").GetDouble(), 2_000, 5_000);

        Assert.Equal(await client.Closed.WaitAsync(Limit), await failed.Task.WaitAsync(Limit));
        await Assert.ThrowsAnyAsync<ChatException>(() => published);
    }

    private async Task<JsonElement> SetAsync(params string[] arguments)
    {
        var result = await AdminAsync(arguments);
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal(["gw-1", "gw-2"], result.Json.GetProperty("gateways").EnumerateArray().Select(gateway => gateway.GetString()));
        return result.Json;
    }

    private async Task<JsonElement> StatsAsync() => (await AdminAsync("stats")).Json;

    private Task<ToolResult> AdminAsync(params string[] arguments) => Tool.RunAsync(Limit, ["admin", .. arguments, "--json", "--data", _stack.Data]);
}
