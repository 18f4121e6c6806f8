using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Rooms;
using QuicChat.Abstractions.Sessions;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Routing;

/// <summary>The cluster behind the process's one Orleans client.</summary>
internal sealed class OrleansCluster(IGrainFactory grains) : ICluster
{
    // Orleans holds the target of an observer reference weakly.
    private IGatewayObserver? _target;
    private IGatewayObserver? _reference;

    public IGatewayObserver Observer
        => _reference ?? throw new InvalidOperationException("The gateway does not observe the cluster yet.");

    public IGatewayRegistryGrain Gateways => grains.GetGrain<IGatewayRegistryGrain>(IGatewayRegistryGrain.Key);

    public ISessionKeyGrain SessionKeys => grains.GetGrain<ISessionKeyGrain>(ISessionKeyGrain.Key);

    public IConnectionGrain Connection(ConnectionId id) => grains.GetGrain<IConnectionGrain>(id.ToString());

    public IRoomGrain Room(string name) => grains.GetGrain<IRoomGrain>(name);

    /// <summary>Makes <paramref name="target"/> the one that grains push to.</summary>
    public void Observe(IGatewayObserver target)
    {
        _target = target;
        _reference = grains.CreateObjectReference<IGatewayObserver>(target);
    }

    /// <summary>Ends what <see cref="Observe"/> began.</summary>
    public void Forget()
    {
        if (_reference is { } reference)
        {
            _reference = null;
            grains.DeleteObjectReference<IGatewayObserver>(reference);
        }

        GC.KeepAlive(_target);
        _target = null;
    }
}
