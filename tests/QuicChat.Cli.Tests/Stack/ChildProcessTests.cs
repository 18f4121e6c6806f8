using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Tests.Stack;

/// <summary>Children that do not do what they should; the tool itself plays them.</summary>
public sealed class ChildProcessTests : IDisposable
{
    private static readonly TimeSpan Ample = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task One_that_ends_before_it_serves_is_told_with_its_last_words()
    {
        await using var child = Start("token", "--user", "ann", "--data", _folder.File("none"));

        var error = await Assert.ThrowsAsync<ToolException>(() => child.WaitReadyAsync<ReadyStore>(Ample, TestContext.Current.CancellationToken));

        Assert.StartsWith("child ended with exit code 1: quicchat: '", error.Message, StringComparison.Ordinal);
        Assert.EndsWith($"Its log is '{child.LogFile}'.", error.Message, StringComparison.Ordinal);
        Assert.StartsWith("quicchat: ", await File.ReadAllTextAsync(child.LogFile), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_writes_something_else_is_told_with_what_it_wrote()
    {
        await using var child = Start("--version");

        var error = await Assert.ThrowsAsync<ToolException>(() => child.WaitReadyAsync<ReadyStore>(Ample, TestContext.Current.CancellationToken));

        Assert.Contains("where its ready line was due", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_says_nothing_is_named_when_the_time_is_over()
    {
        await using var child = Start("relay", "--to", "127.0.0.1:9");

        var error = await Assert.ThrowsAsync<ToolException>(
            () => child.WaitReadyAsync<ReadyStore>(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken));

        Assert.StartsWith("child did not serve within ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_does_not_stop_is_ended_by_force()
    {
        await using var child = Start("relay", "--to", "127.0.0.1:9");

        await child.StopAsync(TimeSpan.FromMilliseconds(50));

        Assert.Contains("was ended by signal 9", child.DescribeEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_of_the_run_before_is_kept()
    {
        await File.WriteAllTextAsync(_folder.File("child.log"), "before");
        await using var child = Start("nonsense");
        await child.Ended.WaitAsync(Ample, TestContext.Current.CancellationToken);

        Assert.Equal("before", await File.ReadAllTextAsync(_folder.File("child.log.old")));
        Assert.Contains("'nonsense' is not known here", await File.ReadAllTextAsync(_folder.File("child.log")), StringComparison.Ordinal);
        Assert.Equal(2, await child.Ended);
    }

    private ChildProcess Start(params string[] arguments)
        => ChildProcess.Start("child", [ServerProgram.Host, Path.Combine(AppContext.BaseDirectory, "quicchat.dll"), .. arguments], _folder.File("child.log"));
}
