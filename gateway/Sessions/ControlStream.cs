using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Gateway.Sessions;

/// <summary>What the gateway says on a connection's control stream; a bounded queue and one writer.</summary>
internal sealed class ControlStream(ConnectionContext stream, GatewayMetrics metrics)
{
    // Some of each kind of frame; a client that leaves more unread does not want them.
    private const int MaxQueued = 32;

    private readonly Channel<ServerFrame> _queue = Channel.CreateBounded<ServerFrame>(
        new BoundedChannelOptions(MaxQueued) { SingleReader = true });

    /// <summary>Sends an answer, waiting for room; so a client that does not read is not read from.</summary>
    public ValueTask AnswerAsync(ServerFrame frame, CancellationToken cancellationToken)
        => _queue.Writer.WriteAsync(frame, cancellationToken);

    /// <summary>Sends a notice where there is room, and never waits.</summary>
    public void Notify(ServerFrame frame)
    {
        if (!_queue.Writer.TryWrite(frame))
        {
            metrics.NoticeDropped();
        }
    }

    /// <summary>No more frames follow.</summary>
    public void Complete() => _queue.Writer.TryComplete();

    /// <summary>Writes what is queued until <see cref="Complete"/>.</summary>
    public async Task WriteAsync()
    {
        var output = stream.Transport.Output;
        await foreach (var first in _queue.Reader.ReadAllAsync())
        {
            FrameWriter.Write(output, first);
            while (_queue.Reader.TryRead(out var next))
            {
                FrameWriter.Write(output, next);
            }

            if ((await output.FlushAsync()).IsCompleted)
            {
                throw new ProtocolException(ErrorCode.ProtocolViolation, "The client stopped reading its control stream.");
            }
        }
    }
}
