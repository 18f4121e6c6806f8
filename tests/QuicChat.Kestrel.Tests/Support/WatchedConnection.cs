using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Kestrel;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Driver;
using QuicChat.Quic.Paths;

namespace QuicChat.Kestrel.Tests.Support;

/// <summary>A connection of an application, and what its path has done.</summary>
internal sealed class WatchedConnection
{
    private readonly List<PathEvent> _events = [];
    private readonly ConnectionCore _core;

    public WatchedConnection(MultiplexedConnectionContext connection)
    {
        _core = Driver(Inner((KestrelConnection)connection)).Core;
        Ended = ReadAsync(connection.Features.Get<IConnectionPathFeature>()!);
    }

    /// <summary>Completes when nothing follows any more.</summary>
    public Task Ended { get; }

    /// <summary>What has happened to its path; for after its end.</summary>
    public IReadOnlyList<PathEvent> Events => _events;

    /// <summary>How many connection IDs the client has given back for others: one is issued for each.</summary>
    public long ReplacedIds => (long)NextIdSequence(_core) - ClientsLimit;

    // What gtlsclient says in active_connection_id_limit.
    private const int ClientsLimit = 7;

    private async Task ReadAsync(IConnectionPathFeature feature)
    {
        await foreach (var next in feature.Events.ReadAllAsync())
        {
            _events.Add(next);
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_inner")]
    private static extern ref readonly Ngtcp2ConnectionContext Inner(KestrelConnection connection);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_driver")]
    private static extern ref readonly ConnectionDriver Driver(Ngtcp2ConnectionContext connection);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_nextIdSequence")]
    private static extern ref readonly ulong NextIdSequence(ConnectionCore core);
}
