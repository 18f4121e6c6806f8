using System.Diagnostics;
using System.Text.Json;
using QuicChat.EndToEnd.Tests.Support;
using Xunit;

namespace QuicChat.EndToEnd.Tests;

/// <summary>A stack from start to stop, and what its users do in between.</summary>
public sealed class UpTests(Stack stack)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Status_names_all_that_runs()
    {
        var status = await Tool.RunAsync(Limit, "status", "--json", "--data", stack.Data);
        Assert.True(status.ExitCode == 0, status.ToString());
    }

    [Fact]
    public async Task Two_chats_with_piped_input_see_each_others_lines_and_the_monitor_counts_both()
    {
        var room = $"room-{Guid.NewGuid():n}";
        await using var ann = Tool.Start("chat", "--user", "ann", "--room", room, "--data", stack.Data);
        await using var bob = Tool.Start("chat", "--user", "bob", "--room", room, "--data", stack.Data);
        await ann.WriteAsync("hello from ann\n");
        await bob.WriteAsync("hello from bob\n");
        await Eventually.HoldsAsync(() => ann.Output.Contains("hello from bob", StringComparison.Ordinal), () => $"ann sees bob's line\n{ann.Output}\n{ann.Error}");
        await Eventually.HoldsAsync(() => bob.Output.Contains("hello from ann", StringComparison.Ordinal), () => $"bob sees ann's line\n{bob.Output}\n{bob.Error}");

        var stats = await StatsWhereAsync(s => s.GetProperty("connections").GetInt64() >= 2);
        Assert.Equal(
            ["byKind", "connections", "durationMs", "failed", "gateways", "migrating", "recovering", "silos", "successRate", "totals"],
            stats.EnumerateObject().Select(p => p.Name).Where(n => n != "since").Order(StringComparer.Ordinal));
        foreach (var name in (string[])["started", "completed", "failed", "reverted", "superseded", "denied"])
        {
            Assert.Equal(JsonValueKind.Number, stats.GetProperty("totals").GetProperty(name).ValueKind);
        }

        ann.EndInput();
        bob.EndInput();
        var ends = await Task.WhenAll(ann.EndAsync(Limit), bob.EndAsync(Limit));
        Assert.All(ends, end => Assert.True(end.ExitCode == 0, end.ToString()));
    }

    [Fact]
    public async Task A_chat_shows_the_last_twenty_lines_first()
    {
        var room = $"room-{Guid.NewGuid():n}";
        var lines = string.Concat(Enumerable.Range(1, 25).Select(i => $"line {i:00}.\n"));
        var first = await Tool.RunWithInputAsync(Limit, lines, "chat", "--user", "ann", "--room", room, "--data", stack.Data);
        Assert.True(first.ExitCode == 0, first.ToString());

        var second = await Tool.RunAsync(Limit, "chat", "--user", "bob", "--room", room, "--data", stack.Data);
        Assert.True(second.ExitCode == 0, second.ToString());
        Assert.DoesNotContain("line 05.", second.Output, StringComparison.Ordinal);
        var positions = Enumerable.Range(6, 20).Select(i => second.Output.IndexOf($"line {i:00}.", StringComparison.Ordinal)).ToArray();
        Assert.DoesNotContain(-1, positions);
        Assert.Equal(positions.Order(), positions);
    }

    [Fact]
    public async Task The_dashboard_answers()
    {
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        var address = stack.Description.GetProperty("silos")[0].GetProperty("dashboard").GetString();
        using var response = await http.GetAsync(new Uri(address!));
        Assert.Equal(System.Net.HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_second_up_on_the_same_folder_names_the_first()
    {
        var second = await Tool.RunAsync(Limit, "up", "--data", stack.Data);
        Assert.Equal(1, second.ExitCode);
        Assert.Contains(stack.UpProcess.ToString(), second.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_killed_comes_back_on_the_ports_it_had_and_nothing_is_lost()
    {
        var own = new Stack();
        await own.InitializeAsync();
        try
        {
            var first = await Tool.RunWithInputAsync(Limit, "before\n", "chat", "--user", "ann", "--room", "lobby", "--data", own.Data);
            Assert.True(first.ExitCode == 0, first.ToString());
            var before = Parts(own.Description);
            foreach (var part in before.Values)
            {
                using var process = Process.GetProcessById(part.Pid);
                process.Kill();
            }

            await Eventually.HoldsAsync(
                async () => Parts(await own.ReadDescriptionAsync()).All(part => part.Value.Pid != before[part.Key].Pid), () => $"all are back\n{own.Output}");
            Assert.Equal(Addresses(before), Addresses(Parts(await own.ReadDescriptionAsync())));
            var status = await Tool.RunAsync(Limit, "status", "--wait", "30", "--data", own.Data);
            Assert.True(status.ExitCode == 0, $"{status}\n{own.Output}");
            var second = await Tool.RunAsync(Limit, "chat", "--user", "bob", "--room", "lobby", "--data", own.Data);
            Assert.True(second.ExitCode == 0, second.ToString());
            Assert.Contains("ann: before", second.Output, StringComparison.Ordinal);
            foreach (var name in before.Keys)
            {
                Assert.Contains($"{name} was ended by signal 9", own.Output, StringComparison.Ordinal);
            }
        }
        finally
        {
            await own.DisposeAsync();
        }

        static Dictionary<string, (int Pid, string Address)> Parts(JsonElement stack) => new()
        {
            ["store"] = (Pid(stack.GetProperty("store")), stack.GetProperty("store").GetProperty("connectionString").GetString()!),
            ["silo-1"] = (Pid(stack.GetProperty("silos")[0]), stack.GetProperty("silos")[0].GetProperty("web").GetString()!),
            ["gw-1"] = (Pid(stack.GetProperty("gateways")[0]), stack.GetProperty("gateways")[0].GetProperty("endPoint").GetString()!),
        };

        static int Pid(JsonElement part) => part.GetProperty("pid").GetInt32();

        static IEnumerable<string> Addresses(Dictionary<string, (int Pid, string Address)> parts) => parts.Values.Select(part => part.Address);
    }

    [Fact]
    public async Task Ctrl_C_while_a_part_is_down_stops_the_rest_in_order()
    {
        var folder = Directory.CreateTempSubdirectory("quicchat-e2e-");
        await using var up = Tool.Start("up", "--port", "0", "--web-port", "0", "--data", folder.FullName);
        var status = await Tool.RunAsync(TimeSpan.FromSeconds(120), "status", "--wait", "90", "--data", folder.FullName);
        Assert.True(status.ExitCode == 0, status.ToString());
        var stack = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder.FullName, "stack.json"))).RootElement;
        using (var gateway = Process.GetProcessById(stack.GetProperty("gateways")[0].GetProperty("pid").GetInt32()))
        {
            gateway.Kill();
        }

        await Eventually.HoldsAsync(() => up.Error.Contains("gw-1 was ended by signal 9", StringComparison.Ordinal), () => $"up tells of the end\n{up.Error}");
        up.SendInterrupt();
        var end = await up.EndAsync(Limit);

        Assert.True(end.ExitCode == 0, end.ToString());
        Assert.EndsWith("stopping", end.Error.TrimEnd(), StringComparison.Ordinal);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Ctrl_C_stops_everything_within_ten_seconds_and_kill_9_leaves_nothing_behind()
    {
        foreach (var interrupt in (bool[])[true, false])
        {
            var folder = Directory.CreateTempSubdirectory("quicchat-e2e-stop-");
            await using var up = Tool.Start("up", "--port", "0", "--web-port", "0", "--data", folder.FullName);
            var status = await Tool.RunAsync(TimeSpan.FromSeconds(120), "status", "--wait", "90", "--data", folder.FullName);
            Assert.True(status.ExitCode == 0, $"{status}\n{up.Error}");
            var children = Children(up.ProcessId);
            Assert.True(children.Count >= 3, $"store, silo and gateway run below up, not {children.Count} processes");

            var stopping = Stopwatch.StartNew();
            if (interrupt)
            {
                up.SendInterrupt();
                var end = await up.EndAsync(Limit);
                Assert.True(end.ExitCode == 0, end.ToString());
                Assert.True(stopping.Elapsed < TimeSpan.FromSeconds(10), $"Stopping took {stopping.Elapsed.TotalSeconds:0.0} s.");
                Assert.False(File.Exists(Path.Combine(folder.FullName, "stack.json")), "stack.json is gone after an orderly stop");
            }
            else
            {
                up.SendKill();
            }

            await Eventually.HoldsAsync(() => children.TrueForAll(child => !IsAlive(child)), () => "all children have ended");
            folder.Delete(recursive: true);
        }
    }

    private async Task<JsonElement> StatsWhereAsync(Func<JsonElement, bool> condition)
    {
        JsonElement last = default;
        await Eventually.HoldsAsync(
            async () =>
            {
                var stats = await Tool.RunAsync(Limit, "admin", "stats", "--json", "--data", stack.Data);
                Assert.True(stats.ExitCode == 0, stats.ToString());
                last = stats.Json;
                return condition(last);
            },
            () => $"the statistics show what was done: {last}");
        return last;
    }

    private static List<int> Children(int parent)
    {
        List<int> children = [];
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var id) && Stat(id) is { } stat && stat.Parent == parent)
            {
                children.Add(id);
            }
        }

        return children;
    }

    private static bool IsAlive(int id) => Stat(id) is { State: not 'Z' };

    // pid (name) state parent …, where the name may hold anything.
    private static (char State, int Parent)? Stat(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0][0], int.Parse(fields[1]));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
