using System.Collections.Immutable;
using System.Net;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Sessions;
using QuicChat.Gateway.Hosting;
using QuicChat.Gateway.Identity;
using QuicChat.Quic.Routing;

namespace QuicChat.Gateway.Routing;

/// <summary>
/// Tells the engine which gateways there are, from what leases and keys say: so a client whose new path leads to another gateway keeps its connection. The secrets of
/// the pool are those of session tokens, each key derived for its own use.
/// </summary>
internal sealed class PoolKeeper(ServerPool pool, SessionTokens tokens)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, PoolSecret> _secrets = [];
    private uint _serverId;
    private long _version = -1;
    private ImmutableDictionary<uint, IPEndPoint> _peers = ImmutableDictionary<uint, IPEndPoint>.Empty;

    /// <summary>Which gateways are known, as leases number it.</summary>
    public long Version => _version;

    /// <summary>Where others reach this gateway; empty where its engine does not listen for them, or where is not known.</summary>
    public string LinkEndPoint => pool.LinkEndPoint is { } link && !LinkAddress.IsUnspecified(link.Address) ? link.ToString() : "";

    /// <summary>The gateway's server ID, once it has one.</summary>
    public uint ServerId => _serverId;

    /// <summary>Goes by a lease.</summary>
    public void Apply(GatewayLease lease)
    {
        lock (_gate)
        {
            _serverId = lease.ServerId;
            if (lease.Peers is { } peers)
            {
                _peers = peers.ToImmutableDictionary(peer => peer.ServerId, peer => IPEndPoint.Parse(peer.LinkEndPoint));
                _version = lease.PoolVersion;
            }
        }

        Refresh();
    }

    /// <summary>Takes what keys there are by now.</summary>
    public void Refresh()
    {
        lock (_gate)
        {
            if (_serverId == 0 || tokens.LookForKeys() is not { } keys)
            {
                return;
            }

            SessionKey[] inForce = keys.Previous is { } previous ? [keys.Current, previous] : [keys.Current];
            var secrets = inForce.Select(Secret).ToImmutableArray();
            if (pool.View is not { } view || view.ServerId != _serverId || view.Peers != _peers || !view.Secrets.SequenceEqual(secrets))
            {
                pool.View = new PoolView(_serverId, secrets, _peers);
            }

            foreach (var former in _secrets.Keys.Except(inForce.Select(key => key.Id)).ToList())
            {
                _secrets.Remove(former);
            }
        }
    }

    /// <summary>Another process has taken this gateway's place.</summary>
    public void Leave() => pool.View = null;

    private PoolSecret Secret(SessionKey key)
    {
        if (!_secrets.TryGetValue(key.Id, out var secret))
        {
            secret = new PoolSecret((byte)(key.Id % (QuicLbConfiguration.MaxId + 1)), key.Secret.AsSpan());
            _secrets.Add(key.Id, secret);
        }

        return secret;
    }
}
