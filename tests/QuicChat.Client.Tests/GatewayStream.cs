using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Client.Tests;

/// <summary>A stream as the scripted gateway sees it: it sends and reads exactly what the test says.</summary>
internal sealed class GatewayStream(ConnectionContext stream)
{
    private PipeReader Input => stream.Transport.Input;

    private PipeWriter Output => stream.Transport.Output;

    /// <summary>The client's next frame; <see langword="null"/> at the end of its side.</summary>
    public Task<ClientFrame?> TryReadAsync() => TryReadUntimedAsync().For("a frame of the client");

    /// <summary>The same, however long it takes.</summary>
    public async Task<ClientFrame?> TryReadUntimedAsync()
    {
        while (true)
        {
            var result = await Input.ReadAsync();
            var buffer = result.Buffer;
            var hasFrame = FrameReader.TryReadClientFrame(ref buffer, out var frame);
            Input.AdvanceTo(buffer.Start, hasFrame ? buffer.Start : buffer.End);
            if (hasFrame || result.IsCompleted)
            {
                return frame;
            }
        }
    }

    /// <summary>The client's next frame.</summary>
    public async Task<ClientFrame> ReadAsync()
        => await TryReadAsync() ?? throw new InvalidOperationException("The client has ended its side of the stream.");

    /// <summary>The client's next frame, a Publish.</summary>
    public async Task<Publish> ReadPublishAsync()
        => await ReadAsync() is { Publish: { } publish } ? publish : throw new InvalidOperationException("The client sent something else than Publish.");

    public async Task SendAsync(ServerFrame frame)
    {
        FrameWriter.Write(Output, frame);
        await Output.FlushAsync();
    }

    public async Task SendBytesAsync(string hex) => await Output.WriteAsync(Convert.FromHexString(hex));

    public Task SendMessageAsync(ulong offset, string body = "text", string senderId = "bob")
        => SendAsync(new ServerFrame { Message = NewMessage(offset, body, senderId) });

    public Task AckAsync(ulong clientSeq, ulong offset) => SendAsync(new ServerFrame { Ack = new Ack { ClientSeq = clientSeq, Offset = offset } });

    public Task RejectAsync(ulong clientSeq, ErrorCode code, string reason = "", uint retryAfterMs = 0)
        => SendAsync(new ServerFrame { Reject = new Reject { ClientSeq = clientSeq, Code = code, Reason = reason, RetryAfterMs = retryAfterMs } });

    public void Complete() => Output.Complete();

    public void Abort(ErrorCode code)
    {
        var abort = stream.Features.GetRequiredFeature<IStreamAbortFeature>();
        var reason = new ConnectionAbortedException("The test says so.");
        abort.AbortRead((long)code, reason);
        abort.AbortWrite((long)code, reason);
    }

    public static Message NewMessage(ulong offset, string body, string senderId = "bob") => new()
    {
        Offset = offset,
        SenderId = senderId,
        SenderName = "Bob",
        SentAtMs = 1_700_000_000_000,
        Body = body,
        ClientId = "bobs-phone",
        ClientSeq = offset,
    };
}
