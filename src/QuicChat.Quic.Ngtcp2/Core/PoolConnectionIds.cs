using QuicChat.Quic.Paths;
using QuicChat.Quic.Routing;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>Those of a server in a pool, which every server of the pool can read.</summary>
internal sealed class PoolConnectionIds(ServerPool pool) : ServerConnectionIds, IDisposable
{
    private readonly List<(PoolSecret Secret, QuicLbConfiguration Configuration)> _configurations = [];
    private PoolView? _view;

    public override uint ServerId => View.ServerId;

    // That of before where the server has left: its connections go on.
    private PoolView View
    {
        get
        {
            Refresh();
            return _view ?? throw new InvalidOperationException("The pool of servers is not known yet.");
        }
    }

    public override void Mint(Span<byte> id, ConnectionId identity)
    {
        _ = View;
        Span<byte> plaintext = stackalloc byte[ConnectionId.Length];
        identity.Write(plaintext);
        _configurations[0].Configuration.Encode(plaintext, id);
    }

    public override ReadOnlySpan<byte> ResetKey(ReadOnlySpan<byte> id)
    {
        _ = View;
        foreach (var (secret, configuration) in _configurations)
        {
            if (id.Length == configuration.Length && id[0] >> 5 == configuration.Id)
            {
                return secret.ResetKey.Span;
            }
        }

        return _configurations[0].Secret.ResetKey.Span;
    }

    /// <summary>The server of the pool, this one or another, that an ID was minted by; 0 where it is none's.</summary>
    public uint FindServer(ReadOnlySpan<byte> id)
    {
        if (pool.View is not { } view)
        {
            return 0;
        }

        Refresh();

        Span<byte> plaintext = stackalloc byte[ConnectionId.Length];
        foreach (var (_, configuration) in _configurations)
        {
            if (configuration.TryDecode(id, plaintext) && ConnectionId.Read(plaintext).ServerId is var server
                && (server == view.ServerId || view.Peers.ContainsKey(server)))
            {
                return server;
            }
        }

        return 0;
    }

    public void Dispose() => Forget();

    private void Refresh()
    {
        if (pool.View is not { } view || ReferenceEquals(view, _view))
        {
            return;
        }

        if (_view is null || !_view.Secrets.SequenceEqual(view.Secrets))
        {
            Forget();
            foreach (var secret in view.Secrets)
            {
                _configurations.Add((secret, new QuicLbConfiguration(
                    secret.ConfigurationId, ConnectionId.ServerIdLength, ConnectionId.Length - ConnectionId.ServerIdLength, secret.ConnectionIdKey.Span)));
            }
        }

        _view = view;
    }

    private void Forget()
    {
        _configurations.ForEach(item => item.Configuration.Dispose());
        _configurations.Clear();
    }
}
