using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>A QUIC connection in memory: the gateway's end is the context, the client's end are the methods.</summary>
internal sealed class TestConnection : MultiplexedConnectionContext, IConnectionPathFeature, IConnectionCloseFeature
{
    private readonly Channel<ConnectionContext> _accepts = Channel.CreateUnbounded<ConnectionContext>();
    private readonly EventReader _events = new();
    private readonly TaskCompletionSource<ConnectionClosure> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _confirmed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<TestStream> _streams = [];
    private long _nextStream;

    public TestConnection()
    {
        Features.Set<IConnectionPathFeature>(this);
        Features.Set<IConnectionCloseFeature>(this);
    }

    /// <summary>Where the client is at first.</summary>
    public static IPEndPoint FirstRemote { get; } = new(IPAddress.Loopback, 50_000);

    public ConnectionId Id { get; } = Quic.Paths.ConnectionId.Create(1);

    ConnectionId IConnectionPathFeature.ConnectionId => Id;

    public override string ConnectionId
    {
        get => Id.ToString();
        set => throw new NotSupportedException();
    }

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();

    public NetworkPath CurrentPath { get; set; } = new(new IPEndPoint(IPAddress.Loopback, 4433), FirstRemote);

    public PathCapabilities Capabilities { get; set; } = PathCapabilities.Detection | PathCapabilities.ExactValidation | PathCapabilities.Refusal;

    public ChannelReader<PathEvent> Events => _events;

    public TimeSpan MigrationTimeout { get; set; }

    public PathJudge? Judge { get; set; }

    public Task<ConnectionClosure> Closed => _closed.Task;

    /// <summary>Completes when the gateway has confirmed the path by a round trip.</summary>
    public Task Confirmed => _confirmed.Task;

    /// <summary>The bytes that the gateway may send on a stream before the client reads.</summary>
    public int Window { get; set; } = 64 * 1024;

    /// <summary>Whether a close takes its time, as it does where the client cannot be reached.</summary>
    public bool HoldsItsEnd { get; set; }

    public void Confirm() => _confirmed.TrySetResult();

    public void Close(ulong errorCode, string reason)
    {
        if (!HoldsItsEnd)
        {
            End(new ConnectionClosure(ConnectionCloseOrigin.Local, errorCode, null, reason));
        }
    }

    public override async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        => await _accepts.Reader.WaitToReadAsync(cancellationToken) && _accepts.Reader.TryRead(out var stream) ? stream : null;

    public override ValueTask<ConnectionContext> ConnectAsync(IFeatureCollection? features = null, CancellationToken cancellationToken = default)
        => throw new NotSupportedException();

    public override void Abort() => Close(0, "");

    public override void Abort(ConnectionAbortedException abortReason) => Close(0, abortReason.Message);

    public override async ValueTask DisposeAsync()
    {
        Abort();
        await _closed.Task;
    }

    /// <summary>Client: opens a stream.</summary>
    public TestStream Open()
    {
        var stream = new TestStream(Interlocked.Add(ref _nextStream, 4) - 4, Window);
        _streams.Enqueue(stream);
        _accepts.Writer.TryWrite(stream);
        return stream;
    }

    /// <summary>Client: closes the connection.</summary>
    public void Leave(ErrorCode code = ErrorCode.NoError) => End(new ConnectionClosure(ConnectionCloseOrigin.Peer, (ulong)code, null, "bye"));

    /// <summary>Engine: nothing was heard for too long.</summary>
    public void FallSilent() => End(new ConnectionClosure(ConnectionCloseOrigin.IdleTimeout, null, null, ""));

    /// <summary>Engine: something happened to the path.</summary>
    public void Raise(PathEvent next) => _events.Inner.Writer.TryWrite(next);

    /// <summary>Waits until the gateway has taken all events raised so far, and asks for the next one.</summary>
    public Task EventsTakenAsync() => _events.WhenAskedAsync().Within("the taking of the path's events");

    /// <summary>Waits until the gateway has closed the connection.</summary>
    public async Task<(ErrorCode Code, string Reason)> ClosedByGatewayAsync()
    {
        var closure = await Closed.Within("the gateway's close");
        Assert.Equal(ConnectionCloseOrigin.Local, closure.Origin);
        return ((ErrorCode)closure.ApplicationErrorCode!.Value, closure.Reason);
    }

    private void End(ConnectionClosure closure)
    {
        if (!_closed.TrySetResult(closure))
        {
            return;
        }

        _accepts.Writer.TryComplete();
        _events.Inner.Writer.TryComplete();
        var error = new QuicConnectionClosedException(closure);
        foreach (var stream in _streams)
        {
            stream.End(error);
        }
    }

    /// <summary>Tells when its reader has taken all there is and waits for more.</summary>
    private sealed class EventReader : ChannelReader<PathEvent>
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource? _asked;
        private bool _isWaiting;

        public Channel<PathEvent> Inner { get; } = Channel.CreateUnbounded<PathEvent>();

        public Task WhenAskedAsync()
        {
            lock (_lock)
            {
                return _isWaiting && Inner.Reader.Count == 0
                    ? Task.CompletedTask
                    : (_asked ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
        }

        public override bool TryRead(out PathEvent item) => Inner.Reader.TryRead(out item!);

        public override async ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default)
        {
            var more = Inner.Reader.WaitToReadAsync(cancellationToken);
            lock (_lock)
            {
                if (!more.IsCompleted)
                {
                    _isWaiting = true;
                    _asked?.TrySetResult();
                }
            }

            var isMore = await more;
            lock (_lock)
            {
                _isWaiting = false;
            }

            return isMore;
        }
    }
}
