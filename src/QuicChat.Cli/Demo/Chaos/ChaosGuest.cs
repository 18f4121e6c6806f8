using System.Net;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Client;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Demo.Chaos;

/// <summary>
/// A user who is in a room by one gateway, says nothing, and does not come back when that dies: whoever still sees them then sees a ghost.
/// </summary>
internal sealed class ChaosGuest : IAsyncDisposable
{
    private readonly PathSimulator _path;
    private readonly ChatSession _session;

    private ChaosGuest(string name, string room, PathSimulator path, ChatSession session)
    {
        Name = name;
        Room = room;
        _path = path;
        _session = session;
    }

    /// <summary>The guest's user.</summary>
    public string Name { get; }

    /// <summary>The room's name.</summary>
    public string Room { get; }

    /// <summary>Connects to a gateway and joins.</summary>
    /// <exception cref="ToolException">It cannot.</exception>
    public static async Task<ChaosGuest> StartAsync(
        string name, string room, RunningGateway gateway, ChaosSettings settings, DataFolder data, CancellationToken cancellationToken)
    {
        var path = PathSimulator.Start(new PathSimulatorOptions
        {
            Server = new IPEndPoint(IPAddress.Loopback, gateway.Port),
            ToServer = settings.Network,
            ToClient = settings.Network,
            Seed = settings.Seed,
        });
        var session = new ChatSession(StackClient.Options(data, path.ListenEndPoint.ToString(), name, settings.Engine));
        try
        {
            await session.ConnectAsync(cancellationToken);
            await session.JoinAsync(room, new JoinOptions { ReceiveMessages = false }, cancellationToken);
            return new ChaosGuest(name, room, path, session);
        }
        catch (Exception e)
        {
            await session.DisposeAsync();
            await path.DisposeAsync();
            throw e is ChatException or QuicEngineUnavailableException ? new ToolException($"{name}: {e.Message}", e) : e;
        }
    }

    /// <summary>Is gone from one moment to the next: the gateway hears nothing of it.</summary>
    public void Vanish() => _path.Blackhole = LinkDirections.Both;

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _session.DisposeAsync();
        await _path.DisposeAsync();
    }
}
