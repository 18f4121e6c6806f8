using System.Net.Sockets;

namespace QuicChat.Benchmarks.SignalR;

/// <summary>A TCP connection that can be cut.</summary>
internal sealed class CutStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    private readonly Socket _socket = socket;
    private readonly CancellationTokenSource _silence = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isSilent;

    /// <summary>Whether its user has closed it.</summary>
    public bool IsClosed => _closed.Task.IsCompleted;

    /// <summary>Cuts it: silently, which discards what is sent in both directions, or by a reset.</summary>
    public void Cut(bool silently)
    {
        if (!silently)
        {
            // A close that discards is a reset (RFC 9293, 3.10.7.4), and ends what is under way here with an error.
            _socket.LingerState = new LingerOption(true, 0);
            _socket.Close();
            return;
        }

        _isSilent = true;
        _silence.Cancel();
        _ = DiscardAsync();
    }

    /// <inheritdoc />
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A WebSocket's reads bring no token, so that nothing is allocated here for most.
        using var either = cancellationToken.CanBeCanceled
            ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _silence.Token)
            : null;
        try
        {
            var read = await base.ReadAsync(buffer, either?.Token ?? _silence.Token);
            if (!_isSilent)
            {
                return read;
            }
        }
        catch (OperationCanceledException) when (_isSilent && !cancellationToken.IsCancellationRequested)
        {
            // Nothing more is heard.
        }

        await _closed.Task.WaitAsync(cancellationToken);
        throw new IOException("The connection was closed.");
    }

    /// <inheritdoc />
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        => _isSilent ? ValueTask.CompletedTask : base.WriteAsync(buffer, cancellationToken);

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        _closed.TrySetResult();
        if (!_isSilent)
        {
            base.Dispose(disposing);
        }
    }

    // The server's bytes leave it as they would on their way to an address that nobody has; and no end reaches it, until it gives up itself.
    private async Task DiscardAsync()
    {
        var waste = new byte[4_096];
        try
        {
            while (await _socket.ReceiveAsync(waste) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // The server gave up.
        }

        _socket.Dispose();
    }
}
