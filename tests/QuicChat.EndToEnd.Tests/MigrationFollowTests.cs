using QuicChat.EndToEnd.Tests.Support;
using Xunit;

namespace QuicChat.EndToEnd.Tests;

/// <summary>Following migrations of a cluster that goes and comes back.</summary>
public sealed class MigrationFollowTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("quicchat-e2e-");

    [Fact]
    public async Task It_says_that_the_cluster_is_away_and_goes_on_when_it_is_back()
    {
        await using var first = await UpAsync();
        await using var follow = Tool.Start("admin", "migrations", "--follow", "--json", "--data", _folder.FullName);
        await TypesAreAsync("following");

        await StopAsync(first);
        await TypesAreAsync("following", "away");
        await using var second = await UpAsync();
        await TypesAreAsync("following", "away", "following");

        await StopAsync(second);
        await TypesAreAsync("following", "away", "following", "away");
        follow.SendInterrupt();
        Assert.Equal(0, (await follow.EndAsync(Limit)).ExitCode);

        Task TypesAreAsync(params string[] types) => Eventually.HoldsAsync(
            () => follow.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('"')[3]).SequenceEqual(types),
            () => $"it says {string.Join(", ", types)}: {follow.Output}{follow.Error}");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static async Task StopAsync(Tool up)
    {
        up.SendInterrupt();
        await up.EndAsync(Limit);
    }

    private async Task<Tool> UpAsync()
    {
        var up = Tool.Start("up", "--port", "0", "--web-port", "0", "--data", _folder.FullName);
        var status = await Tool.RunAsync(Limit, "status", "--wait", "50", "--json", "--data", _folder.FullName);
        Assert.True(status.ExitCode == 0, $"The stack does not serve.\n{status}\n--- up\n{up.Output}\n{up.Error}");
        return up;
    }
}
