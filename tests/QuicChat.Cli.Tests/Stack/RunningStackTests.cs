using System.Text.Json;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Tests.Stack;

public sealed class RunningStackTests : IDisposable
{
    private static readonly RunningStack Example = new(
        Process: 17,
        StartedAt: DateTimeOffset.UnixEpoch,
        ClusterId: "quicchat-1",
        ServiceId: "quicchat",
        ConnectionString: "127.0.0.1:6390",
        Fingerprint: new string('a', 64),
        Store: new RunningStore(18, "127.0.0.1:6390"),
        Silos: [new RunningSilo("silo-1", 19, 11111, 30000, "http://127.0.0.1:8080", "http://127.0.0.1:8080/dashboard/")],
        Gateways: [new RunningGateway("gw-1", 20, 1, "[::]:4433", 4433, "ngtcp2")]);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_saved_is_loaded()
    {
        Example.Save(_folder.Data);

        Assert.Equivalent(Example, RunningStack.Load(_folder.Data), strict: true);
        Assert.Equal(["stack.json"], Directory.GetFiles(_folder.FullPath).Select(Path.GetFileName));
    }

    [Fact]
    public void Only_the_owner_reads_it()
    {
        if (!OperatingSystem.IsWindows())
        {
            Example.Save(_folder.Data);

            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.Data.StackFile));
        }
    }

    [Fact]
    public void Scripts_find_these_names()
    {
        Example.Save(_folder.Data);

        var json = JsonDocument.Parse(File.ReadAllText(_folder.Data.StackFile)).RootElement;

        Assert.Equal(
            ["process", "startedAt", "clusterId", "serviceId", "connectionString", "fingerprint", "store", "silos", "gateways"],
            json.EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            ["name", "pid", "siloPort", "clientPort", "web", "dashboard"],
            json.GetProperty("silos")[0].EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            ["id", "pid", "serverId", "endPoint", "port", "engine"],
            json.GetProperty("gateways")[0].EnumerateObject().Select(property => property.Name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[1]")]
    public void A_damaged_file_is_one_clear_line(string text)
    {
        File.WriteAllText(_folder.Data.StackFile, text);

        var error = Assert.Throws<ToolException>(() => RunningStack.Load(_folder.Data));

        Assert.Equal(
            $"'{_folder.Data.StackFile}' describes no stack; start it again with './quicchat up --data '{_folder.FullPath}''.", error.Message);
    }

    [Fact]
    public void A_missing_file_says_how_to_start()
    {
        var error = Assert.Throws<ToolException>(() => RunningStack.Load(_folder.Data));

        Assert.Equal($"nothing runs in '{_folder.FullPath}'; start it with './quicchat up --data '{_folder.FullPath}''.", error.Message);
    }
}
