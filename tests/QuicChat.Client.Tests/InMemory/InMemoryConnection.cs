using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;

namespace QuicChat.Client.Tests.InMemory;

/// <summary>One side of a connection whose bytes go through memory: streams with flow control, closing with code and reason, keep-alive interval.</summary>
internal sealed class InMemoryConnection : MultiplexedConnectionContext, IConnectionCloseFeature, IConnectionKeepAliveFeature
{
    private readonly Channel<ConnectionContext> _incoming = Channel.CreateUnbounded<ConnectionContext>();
    private readonly TaskCompletionSource<ConnectionClosure> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _window;
    private readonly Lock _gate;
    private readonly List<InMemoryStream> _streams = [];
    private InMemoryConnection _peer;

    private InMemoryConnection(int window, bool hasKeepAlive, InMemoryConnection? peer)
    {
        _window = window;
        _peer = peer ?? this;
        _gate = peer?._gate ?? new Lock();
        Features.Set<IConnectionCloseFeature>(this);
        if (hasKeepAlive)
        {
            Features.Set<IConnectionKeepAliveFeature>(this);
        }
    }

    public Task<ConnectionClosure> Closed => _closed.Task;

    public TimeSpan KeepAliveInterval { get; set; } = Timeout.InfiniteTimeSpan;

    public bool IsDisposed { get; private set; }

    public override string ConnectionId { get; set; } = "in-memory";

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    public static (InMemoryConnection Client, InMemoryConnection Server) CreatePair(int window, bool hasKeepAlive)
    {
        var client = new InMemoryConnection(window, hasKeepAlive, null);
        var server = new InMemoryConnection(window, hasKeepAlive, client);
        client._peer = server;
        return (client, server);
    }

    public void Close(ulong errorCode, string reason) => End(
        new ConnectionClosure(ConnectionCloseOrigin.Local, errorCode, null, reason),
        new ConnectionClosure(ConnectionCloseOrigin.Peer, errorCode, null, reason));

    /// <summary>Ends the connection on both sides.</summary>
    public void End(ConnectionClosure here, ConnectionClosure there)
    {
        InMemoryStream[] streams;
        lock (_gate)
        {
            if (!_closed.TrySetResult(here))
            {
                return;
            }

            _peer._closed.TrySetResult(there);
            _incoming.Writer.TryComplete();
            _peer._incoming.Writer.TryComplete();
            streams = [.. _streams];
        }

        foreach (var stream in streams)
        {
            InMemoryStream.End(stream, new QuicConnectionClosedException(here), new QuicConnectionClosedException(there));
        }
    }

    public override ValueTask<ConnectionContext> ConnectAsync(IFeatureCollection? features = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_closed.Task.IsCompleted)
            {
                throw new QuicConnectionClosedException(_closed.Task.Result);
            }

            var (near, far) = InMemoryStream.CreatePair(4 * _streams.Count, _window);
            _streams.Add(near);
            _peer._streams.Add(far);
            _peer._incoming.Writer.TryWrite(far);
            return ValueTask.FromResult<ConnectionContext>(near);
        }
    }

    public override async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        => await _incoming.Reader.WaitToReadAsync(cancellationToken) && _incoming.Reader.TryRead(out var stream) ? stream : null;

    public override void Abort() => Close(0, "");

    public override void Abort(ConnectionAbortedException abortReason) => Close(0, abortReason.Message);

    public override ValueTask DisposeAsync()
    {
        IsDisposed = true;
        Close(0, "");
        return ValueTask.CompletedTask;
    }
}
