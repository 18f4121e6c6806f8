using System.Net;
using System.Net.Sockets;
using Xunit;

namespace QuicChat.Store.Tests;

public sealed class StartTests
{
    [Fact]
    public async Task ASecondStoreOnTheSameDirectoryIsRefused()
    {
        using var directory = new TemporaryDirectory();
        using var first = await StoreProcess.StartAsync(directory.Path);

        var second = await StoreProcess.RunAsync("--data", directory.Path, "--port", "0");

        Assert.Equal(1, second.ExitCode);
        Assert.Equal($"Another store uses {directory.Path}; stop it, or choose another directory with --data.\n", second.Errors);
        Assert.Empty(second.Output);
    }

    [Fact]
    public async Task TheDirectoryOfAKilledStoreIsFree()
    {
        using var directory = new TemporaryDirectory();
        using var first = await StoreProcess.StartAsync(directory.Path);
        await first.KillAsync();

        using var second = await StoreProcess.StartAsync(directory.Path, first.Port);

        Assert.Equal(first.ConnectionString, second.ConnectionString);
    }

    [Fact]
    public async Task ATakenPortIsNamed()
    {
        using var directory = new TemporaryDirectory();
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var port = ((IPEndPoint)holder.LocalEndpoint).Port;

        var store = await StoreProcess.RunAsync("--data", directory.Path, "--port", $"{port}");

        Assert.Equal(1, store.ExitCode);
        Assert.Equal(
            $"Port {port} of 127.0.0.1 is taken; stop what uses it, or choose another with --port (0 takes a free one).\n", store.Errors);
    }

    [Fact]
    public async Task ADirectoryThatCannotBeWrittenIsNamed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Uses /proc, where nobody may create a directory.");

        var store = await StoreProcess.RunAsync("--data", "/proc/quicchat", "--port", "0");

        Assert.Equal(1, store.ExitCode);
        Assert.StartsWith("Cannot write to /proc/quicchat (", store.Errors);
        Assert.Equal('\n', store.Errors[^1]);
        Assert.DoesNotContain('\n', store.Errors[..^1]);
    }

    [Theory]
    [InlineData("--bogus")]
    [InlineData("--port", "70000")]
    [InlineData("--port", "many")]
    [InlineData("--bind", "nowhere")]
    public async Task WrongUsageEndsWith2(params string[] arguments)
    {
        var store = await StoreProcess.RunAsync(arguments);

        Assert.Equal(2, store.ExitCode);
        Assert.Contains(arguments[^1], store.Errors);
        Assert.Empty(store.Output);
    }
}
