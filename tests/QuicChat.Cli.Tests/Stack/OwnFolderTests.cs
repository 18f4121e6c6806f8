using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Tests.Stack;

public sealed class OwnFolderTests
{
    [Fact]
    public async Task A_temporary_directory_goes_with_its_work()
    {
        var path = await OwnFolder.WithAsync("test", null, data => Task.FromResult(Fill(data)));

        Assert.False(Directory.Exists(path));
    }

    [Fact]
    public async Task Of_work_that_failed_the_logs_stay_and_nothing_else()
    {
        var path = "";
        await Assert.ThrowsAsync<ToolException>(() => OwnFolder.WithAsync<int>("test", null, data =>
        {
            path = Fill(data);
            throw new ToolException("A process has ended.");
        }));

        try
        {
            Assert.Equal([Path.Combine(path, "logs", "gw-1.log")], Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories));
        }
        finally
        {
            Directory.Delete(path, recursive: true);
        }
    }

    private static string Fill(DataFolder data)
    {
        Directory.CreateDirectory(data.StoreFolder);
        Directory.CreateDirectory(data.LogFolder);
        File.WriteAllText(Path.Combine(data.StoreFolder, "log"), "");
        File.WriteAllText(data.TokenKeyFile, "");
        File.WriteAllText(data.LogFile("gw-1"), "");
        return data.FullPath;
    }
}
