using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Driver;

namespace QuicChat.Quic.Kestrel;

/// <summary>A connection as Kestrel expects it: it tells of its end by exceptions, of a wait that is cancelled by nothing.</summary>
internal sealed class KestrelConnection : MultiplexedConnectionContext, ITlsConnectionFeature
{
    // H3_NO_ERROR (RFC 9114, section 8.1).
    private const long NoError = 0x100;

    private readonly Ngtcp2ConnectionContext _inner;
    private readonly Lock _lock = new();
    private readonly List<ConnectionContext> _opened = [];
    private ConnectionAbortedException? _abortReason;

    private KestrelConnection(Ngtcp2ConnectionContext inner)
    {
        _inner = inner;
        ConnectionClosed = inner.ConnectionClosed;

        // Without it Kestrel takes requests for unencrypted ones.
        Features.Set<ITlsConnectionFeature>(this);
    }

    public override string ConnectionId
    {
        get => _inner.ConnectionId;
        set => _inner.ConnectionId = value;
    }

    public override IFeatureCollection Features => _inner.Features;

    public override IDictionary<object, object?> Items
    {
        get => _inner.Items;
        set => _inner.Items = value;
    }

    public override EndPoint? LocalEndPoint
    {
        get => _inner.LocalEndPoint;
        set => _inner.LocalEndPoint = value;
    }

    public override EndPoint? RemoteEndPoint
    {
        get => _inner.RemoteEndPoint;
        set => _inner.RemoteEndPoint = value;
    }

    // The engine asks for none.
    X509Certificate2? ITlsConnectionFeature.ClientCertificate { get; set; }

    /// <summary>The one for a connection of the engine: while its certificate is chosen it is there already.</summary>
    public static KestrelConnection Of(MultiplexedConnectionContext inner)
    {
        if (inner.Features.Get<ITlsConnectionFeature>() is not KestrelConnection connection)
        {
            connection = new KestrelConnection((Ngtcp2ConnectionContext)inner);
        }

        return connection;
    }

    Task<X509Certificate2?> ITlsConnectionFeature.GetClientCertificateAsync(CancellationToken cancellationToken)
        => Task.FromResult(((ITlsConnectionFeature)this).ClientCertificate);

    /// <returns>A stream, or <see langword="null"/> where the wait was cancelled.</returns>
    /// <exception cref="ConnectionAbortedException">This side has aborted the connection.</exception>
    /// <exception cref="ConnectionResetException">The connection has ended otherwise.</exception>
    public override async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        ConnectionContext? stream;
        try
        {
            stream = await _inner.AcceptAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null;
        }

        return stream is not null
            ? new KestrelStream(this, (Ngtcp2StreamContext)stream)
            : throw (Exception?)Volatile.Read(ref _abortReason) ?? new QuicConnectionClosedException(await _inner.Closed);
    }

    public override async ValueTask<ConnectionContext> ConnectAsync(
        IFeatureCollection? features = null, CancellationToken cancellationToken = default)
    {
        var stream = new KestrelStream(this, (Ngtcp2StreamContext)await _inner.ConnectAsync(features, cancellationToken));
        lock (_lock)
        {
            _opened.Add(stream);
        }

        return stream;
    }

    public override void Abort() => Abort(new ConnectionAbortedException("The connection was aborted by the application."));

    public override void Abort(ConnectionAbortedException abortReason)
    {
        if (Interlocked.CompareExchange(ref _abortReason, abortReason, null) is null)
        {
            // The words are for this side's log; a client gets the code alone.
            _inner.Close(_inner.Error < 0 ? NoError : (ulong)_inner.Error, "");
        }
    }

    public override async ValueTask DisposeAsync()
    {
        Abort();
        await _inner.DisposeAsync();

        // Kestrel leaves its control stream to the connection.
        foreach (var stream in _opened)
        {
            await stream.DisposeAsync();
        }
    }
}
