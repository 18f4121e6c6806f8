using System.Collections.Concurrent;
using System.Collections.Immutable;
using QuicChat.Cli.Load;

namespace QuicChat.Benchmarks.SignalR;

/// <summary>A SignalR server as what a load is put on.</summary>
/// <param name="url">The hub's.</param>
/// <param name="processes">Its processes.</param>
/// <param name="settings">How dead connections are noticed.</param>
/// <param name="isSilent">Whether paths are cut silently.</param>
internal sealed class PeerSubject(string url, ImmutableArray<ProcessMeter> processes, PeerSettings settings, bool isSilent) : ILoadSubject
{
    private readonly ConcurrentDictionary<int, PeerRoom> _rooms = [];
    private readonly ConcurrentBag<PeerLoadClient> _blackholed = [];

    /// <inheritdoc />
    public ImmutableArray<ProcessMeter> Processes => processes;

    /// <inheritdoc />
    public async Task<ILoadClient> StartClientAsync(int index, LoadContext context, CancellationToken cancellationToken)
    {
        var room = _rooms.GetOrAdd(context.Settings.RoomOf(index), number => new PeerRoom($"load-{context.Mark}-{number + 1}"));
        var client = new PeerLoadClient(index, context, room, url, settings, isSilent);
        try
        {
            await client.StartAsync(cancellationToken);
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }

        if (context.Blackholed.Contains(index))
        {
            _blackholed.Add(client);
        }

        return client;
    }

    /// <inheritdoc />
    public void Blackhole(bool isOn)
    {
        foreach (var client in _blackholed)
        {
            client.Blackhole(isOn);
        }
    }
}
