namespace QuicChat.Cli.Tests.Demo;

public sealed class DemoVerbTests
{
    [Theory]
    [InlineData("--rebinds 8", "--rebinds: at most 6 fit into 20 s, so that each ends before the next; give more --seconds")]
    [InlineData("--clients 3 --rooms 2", "--rooms: each room needs two clients, one that publishes and one that listens; give fewer rooms or more --clients")]
    [InlineData("--loss 2", "--loss: '2' is not a percentage: write it like 1% or 0.5%, at most 100%")]
    public async Task What_cannot_be_shown_is_refused_before_anything_starts(string options, string error)
    {
        var run = await CommandRun.Of(["demo", .. options.Split(' ')]);

        Assert.Equal(2, run.ExitCode);
        Assert.Equal($"quicchat: {error}. See 'quicchat demo --help'.", Assert.Single(run.ErrorLines));
    }

    [Fact]
    public async Task A_directory_in_use_is_not_mixed_up_with_the_demo()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("something"), "");

        var run = await CommandRun.Of("demo", "--data", folder.FullPath);

        Assert.Equal(1, run.ExitCode);
        Assert.Equal(
            $"quicchat: the demo needs a new directory, and '{folder.FullPath}' is not empty; choose another with --data DIR.",
            Assert.Single(run.ErrorLines));
    }
}
