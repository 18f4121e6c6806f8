using System.Security.Cryptography;
using QuicChat.Quic.Paths;
using QuicChat.Quic.Routing;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>Those of a server in a pool, which every server of the pool can read.</summary>
internal sealed class PoolConnectionIds(ServerPool pool) : ServerConnectionIds, IDisposable
{
    private readonly List<(PoolSecret Secret, QuicLbConfiguration Configuration)> _configurations = [];
    private PoolView? _view;

    /// <summary>What an ID says.</summary>
    /// <param name="Server">The server that minted it, this one or another of the pool; 0, none.</param>
    /// <param name="IsOfFormerLife">Whether this server minted it in a former life, whose connections are gone.</param>
    public readonly record struct Origin(uint Server, bool IsOfFormerLife);

    // The life of this process, in the first bytes of each nonce.
    private const int LifeLength = 2;
    private readonly byte[] _life = RandomNumberGenerator.GetBytes(LifeLength);

    // That of before where the server has left: its connections go on.
    private PoolView View
    {
        get
        {
            Refresh();
            return _view ?? throw new InvalidOperationException("The pool of servers is not known yet.");
        }
    }

    public override ConnectionId NewIdentity()
    {
        Span<byte> bytes = stackalloc byte[ConnectionId.Length];
        ConnectionId.Create(View.ServerId).Write(bytes);
        _life.CopyTo(bytes[ConnectionId.ServerIdLength..]);
        return ConnectionId.Read(bytes);
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

    /// <summary>Where an ID comes from.</summary>
    public Origin Find(ReadOnlySpan<byte> id)
    {
        if (pool.View is not { } view)
        {
            return default;
        }

        Refresh();

        Span<byte> plaintext = stackalloc byte[ConnectionId.Length];
        foreach (var (_, configuration) in _configurations)
        {
            if (configuration.TryDecode(id, plaintext) && ConnectionId.Read(plaintext).ServerId is var server
                && (server == view.ServerId || view.Peers.ContainsKey(server)))
            {
                return new Origin(
                    server, server == view.ServerId && !plaintext.Slice(ConnectionId.ServerIdLength, LifeLength).SequenceEqual(_life));
            }
        }

        return default;
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
