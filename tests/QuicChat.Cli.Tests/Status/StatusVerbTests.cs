using System.Net;
using System.Net.Sockets;
using QuicChat.Cli.Stack;

namespace QuicChat.Cli.Tests.Status;

public sealed class StatusVerbTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Without_a_stack_it_is_not_ready()
    {
        var run = await CommandRun.Of("status", "--json", "--data", _folder.FullPath);

        Assert.Equal(1, run.ExitCode);
        Assert.False(run.Json.GetProperty("ready").GetBoolean());
        Assert.StartsWith("nothing runs in", run.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Empty(run.Json.GetProperty("parts").EnumerateArray());
    }

    [Fact]
    public async Task It_waits_as_long_as_it_is_told_and_says_for_what()
    {
        var run = await CommandRun.Of("status", "--wait", "1", "--data", _folder.File("later"));

        Assert.Equal(1, run.ExitCode);
        Assert.Equal(2, run.ErrorLines.Count);
        Assert.StartsWith("waiting: nothing runs in", run.ErrorLines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stack_whose_up_was_killed_is_told()
    {
        Save(process: int.MaxValue);

        var run = await CommandRun.Of("status", "--data", _folder.FullPath);

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith($"quicchat: 'up' (process {int.MaxValue}) was ended by force; start it again with ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_that_has_ended_is_named_and_so_is_one_that_lives_but_does_not_answer()
    {
        // Bound but not listening.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var web = $"http://{socket.LocalEndPoint}";
        Save(
            Environment.ProcessId,
            new RunningSilo("silo-1", Environment.ProcessId, 1, 2, web, web + "/dashboard/"),
            new RunningSilo("silo-2", int.MaxValue, 1, 2, web, web + "/dashboard/"));

        var run = await CommandRun.Of("status", "--json", "--data", _folder.FullPath);

        Assert.Equal(1, run.ExitCode);
        var parts = run.Json.GetProperty("parts").EnumerateArray().ToList();
        Assert.StartsWith("its web port does not answer", parts[0].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal($"its process {int.MaxValue} has ended", parts[1].GetProperty("error").GetString());
        Assert.Equal($"silo-1: {parts[0].GetProperty("error").GetString()}", run.Json.GetProperty("error").GetString());
    }

    private void Save(int process, params RunningSilo[] silos) => new RunningStack(
        process, DateTimeOffset.UtcNow, "quicchat", "quicchat", "127.0.0.1:1", new string('a', 64), Store: null, [.. silos], [])
        .Save(_folder.Data);
}
