using System.Net;
using System.Net.Sockets;
using QuicChat.Cli.Stack;
using QuicChat.Quic.SystemNet;

namespace QuicChat.Cli.Tests.Up;

/// <summary>What keeps a stack from starting is found before any process is started, and is one line.</summary>
public sealed class UpVerbTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_directory_that_cannot_be_written_is_named()
    {
        await File.WriteAllTextAsync(_folder.File("taken"), "");

        await AssertFailsAsync($"the data directory '{_folder.File("taken/data")}' cannot be written (", "--data", _folder.File("taken/data"));
    }

    [Fact]
    public async Task A_directory_in_use_names_the_process()
    {
        using var first = StackLock.Take(_folder.Data);

        await AssertFailsAsync($"'{_folder.FullPath}' is in use by process {Environment.ProcessId};", "--data", _folder.FullPath);
    }

    [Fact]
    public async Task A_taken_UDP_port_is_named()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)socket.LocalEndPoint!).Port;

        await AssertFailsAsync($"UDP port {port} cannot be used (", "--port", $"{port}", "--data", _folder.FullPath);
    }

    [Fact]
    public async Task A_taken_web_port_is_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        await AssertFailsAsync(
            $"TCP port {port} is taken; choose another with --web-port.", "--port", "0", "--web-port", $"{port}", "--data", _folder.FullPath);
    }

    [Fact]
    public async Task A_Redis_server_that_does_not_answer_is_named_without_its_password()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        var run = await AssertFailsAsync(
            $"no Redis server answers at {socket.LocalEndPoint}; start it, or leave --redis away to use the built-in store.",
            "--port", "0", "--redis", $"{socket.LocalEndPoint},password=secret", "--data", _folder.FullPath);

        Assert.DoesNotContain("secret", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("up.lock")]
    [InlineData("up.pid")]
    [InlineData("stack.json")]
    [InlineData("token.key")]
    [InlineData("logs/store.log")]
    public async Task A_file_that_cannot_be_used_is_named_with_what_to_do(string file)
    {
        Directory.CreateDirectory(_folder.File(file));

        await AssertFailsAsync(
            $"'{_folder.File(file)}' cannot be used (it is a directory, not a file); mend or remove it, or choose another directory with --data DIR.",
            "--port", "0", "--web-port", "0", "--data", _folder.FullPath);
    }

    [Fact]
    public async Task What_gateways_could_not_start_with_is_found_before_anything_starts()
    {
        string[] up = ["--port", "0", "--web-port", "0", "--data", _folder.FullPath];
        if (!SystemEngine.IsSupported)
        {
            AssertNothingStarted(await AssertFailsAsync("The system engine (System.Net.Quic) needs libmsquic", [.. up, "--engine", "system"]));
        }

        var (certificate, key) = (_folder.File("certificate.pem"), _folder.File("certificate.key"));
        await File.WriteAllTextAsync(certificate, "junk");
        await File.WriteAllTextAsync(key, "junk");
        AssertNothingStarted(await AssertFailsAsync(
            $"'{certificate}' holds no certificate as PEM. Delete '{certificate}' and '{key}' to have a new pair made.", up));

        await File.WriteAllTextAsync(_folder.Data.TokenKeyFile, "junk");
        AssertNothingStarted(await AssertFailsAsync($"'{_folder.Data.TokenKeyFile}' does not hold 32 bytes of Base64; delete it,", up));

        static void AssertNothingStarted(CommandRun run) => Assert.Single(run.ErrorLines);
    }

    private async Task<CommandRun> AssertFailsAsync(string error, params string[] options)
    {
        var run = await CommandRun.Of(["up", .. options]);

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith($"quicchat: {error}", run.ErrorLines[^1], StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.Data.StackFile));
        Assert.Empty(run.Output);
        return run;
    }
}
