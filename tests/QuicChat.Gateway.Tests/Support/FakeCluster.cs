using System.Collections.Concurrent;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Rooms;
using QuicChat.Abstractions.Sessions;
using QuicChat.Gateway.Routing;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>A cluster in memory.</summary>
internal sealed class FakeCluster : ICluster
{
    private readonly ConcurrentDictionary<string, FakeRoom> _rooms = [];
    private readonly ConcurrentDictionary<ConnectionId, FakeConnection> _connections = [];

    public IGatewayObserver Observer { get; set; } = null!;

    public FakeRegistry Registry { get; } = new();

    public FakeSessionKeys SessionKeys { get; init; } = new();

    ISessionKeyGrain ICluster.SessionKeys => SessionKeys;

    IGatewayRegistryGrain ICluster.Gateways => Registry;

    public FakeConnection Connection(ConnectionId id) => _connections.GetOrAdd(id, static id => new FakeConnection(id.ToString()));

    IConnectionGrain ICluster.Connection(ConnectionId id) => Connection(id);

    public FakeRoom Room(string name) => _rooms.GetOrAdd(name, static name => new FakeRoom(name));

    IRoomGrain ICluster.Room(string name) => Room(name);
}
