using System.Net;
using System.Text.Json;
using QuicChat.Client;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Simulation;
using Xunit;

[assembly: AssemblyFixture(typeof(QuicChat.EndToEnd.Tests.Support.Stack))]

namespace QuicChat.EndToEnd.Tests.Support;

/// <summary>One stack for all tests that need one: <c>quicchat up</c> with a folder of its own on free ports.</summary>
public sealed class Stack : IAsyncLifetime
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);

    private readonly string[] _options;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("quicchat-e2e-");
    private Tool? _up;

    /// <summary>The one for all tests.</summary>
    public Stack()
        : this([])
    {
    }

    /// <summary>One of a test's own.</summary>
    internal Stack(params string[] options) => _options = options;

    /// <summary>The data folder: what <c>--data</c> takes.</summary>
    public string Data => _folder.FullName;

    /// <summary>What <c>up</c> left for the other verbs.</summary>
    public JsonElement Description { get; private set; }

    /// <summary>The first gateway.</summary>
    public IPEndPoint Gateway => new(IPAddress.Loopback, Description.GetProperty("gateways")[0].GetProperty("port").GetInt32());

    public string Fingerprint => Description.GetProperty("fingerprint").GetString()!;

    internal int UpProcess => _up!.ProcessId;

    /// <summary>What <c>up</c> has said so far.</summary>
    internal string Output => $"{_up!.Output}\n{_up.Error}";

    public async ValueTask InitializeAsync() => await StartAsync(0);

    /// <summary>Stops all of it in order, and starts it again with its first gateway where it was.</summary>
    internal async Task RestartAsync(Action meanwhile)
    {
        var port = Gateway.Port;
        await StopAsync();
        meanwhile();
        await StartAsync(port);
    }

    /// <summary>What runs where now.</summary>
    internal async Task<JsonElement> ReadDescriptionAsync()
        => JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Data, "stack.json"))).RootElement;

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>A client of the first gateway behind a path of its own.</summary>
    internal async Task<ChatClient> ConnectAsync(PathSimulator path, string user) => await ChatClient.ConnectAsync(new ChatClientOptions
    {
        Servers = [path.ListenEndPoint.ToString()],
        Trust = ServerTrust.Pinned.Parse(Fingerprint),
        Token = await TokenAsync(user),
    });

    /// <summary>A token for a user.</summary>
    public async Task<string> TokenAsync(string user)
    {
        var result = await Tool.RunAsync(StopLimit, "token", "--user", user, "--data", Data);
        Assert.True(result.ExitCode == 0, result.ToString());
        return result.Output.Trim();
    }

    private async Task StartAsync(int port)
    {
        _up = Tool.Start(["up", "--port", $"{port}", "--web-port", "0", "--data", Data, .. _options]);
        var status = await Tool.RunAsync(StartLimit, "status", "--wait", "90", "--json", "--data", Data);
        Assert.True(status.ExitCode == 0, $"The stack does not serve.\n{status}\n--- up\n{_up.Output}\n{_up.Error}");
        Description = await ReadDescriptionAsync();
    }

    private async Task StopAsync()
    {
        if (_up is { } up)
        {
            _up = null;
            up.SendInterrupt();
            await up.EndAsync(StopLimit);
            await up.DisposeAsync();
        }
    }
}
