using System.Text.Json;
using QuicChat.EndToEnd.Tests.Support;

namespace QuicChat.Benchmarks.Tests;

/// <summary>The comparison as a user runs it, where it cannot go on to its end.</summary>
public sealed class CompareRunTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("quicchat-compare-run-");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Interrupted_it_tells_what_there_is_and_leaves_no_process_behind(bool byInterrupt)
    {
        await using var tool = Tool.Start("bench", "compare", "--only", "W6", "--quick", "--json", "--report", _folder.FullName);
        await Eventually.HoldsAsync(
            () => Descendants.Of(tool.ProcessId).Values.Any(line => line.Contains("QuicChat.Gateway.dll", StringComparison.Ordinal)),
            () => $"a gateway runs below the tool.\n{tool.Error}");
        var started = Descendants.Of(tool.ProcessId);

        if (byInterrupt)
        {
            tool.SendInterrupt();
        }
        else
        {
            tool.SendTerminate();
        }

        var result = await tool.EndAsync(Limit);

        Assert.Equal(1, result.ExitCode);
        Assert.EndsWith("quicchat: interrupted; this is what there is.", result.Error.TrimEnd(), StringComparison.Ordinal);
        Assert.True(result.Json.GetProperty("partial").GetBoolean());
        Assert.Equal(JsonValueKind.Null, result.Json.GetProperty("workloads").GetProperty("W6").GetProperty("ours").ValueKind);
        Assert.True(File.Exists(Path.Combine(_folder.FullName, "compare.html")));
        Assert.Contains(started.Values, line => line.Contains("redis-server", StringComparison.Ordinal));
        Assert.DoesNotContain(started, process => Descendants.IsRunning(process.Key, process.Value));
    }

    [Fact]
    public async Task Without_a_redis_server_it_does_not_begin()
    {
        await using var tool = Tool.StartIn(OnlyDotnet(), "bench", "compare", "--only", "W1");

        var result = await tool.EndAsync(Limit);

        Assert.Equal(1, result.ExitCode);
        Assert.Equal(
            "quicchat: there is no 'redis-server' on the PATH, on which W1 to W6 and migration run; install it (Debian: apt-get install redis-server).",
            result.Error.TrimEnd());
    }

    [Fact]
    public async Task Without_gtlsserver_ours_is_measured_and_there_is_no_peer()
    {
        await using var tool = Tool.StartIn(OnlyDotnet(), "bench", "compare", "--only", "bulk", "--quick", "--json");

        var result = await tool.EndAsync(Limit);

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("gtlsserver and gtlsclient are not installed (Debian: ngtcp2-server and ngtcp2-client), so there is no peer", result.Error, StringComparison.Ordinal);
        var bulk = result.Json.GetProperty("workloads").GetProperty("bulk");
        Assert.True(bulk.GetProperty("ours").GetDouble() > 0);
        Assert.Equal(JsonValueKind.Null, bulk.GetProperty("peer").ValueKind);
        Assert.Equal(JsonValueKind.Null, bulk.GetProperty("ratio").ValueKind);
        Assert.Equal(JsonValueKind.Null, bulk.GetProperty("spread").ValueKind);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    // Finds no program but the one that runs it.
    private string[] OnlyDotnet()
    {
        var dotnet = Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator)
            .Select(folder => new FileInfo(Path.Combine(folder, "dotnet"))).First(file => file.Exists);
        File.CreateSymbolicLink(Path.Combine(_folder.FullName, "dotnet"), dotnet.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? dotnet.FullName);
        return ["/usr/bin/env", $"PATH={_folder.FullName}"];
    }
}
