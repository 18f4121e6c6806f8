using System.IO.Pipelines;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Gateway.Sessions;

/// <summary>The frames that a client sends on one stream.</summary>
internal readonly struct FrameSource(PipeReader input)
{
    /// <summary>Reads the next frame.</summary>
    /// <returns>The frame, or <see langword="null"/> where the client has ended the stream or the reading was cancelled.</returns>
    /// <exception cref="ProtocolException">The bytes break the protocol.</exception>
    public async ValueTask<ClientFrame?> ReadAsync()
    {
        while (true)
        {
            var result = await input.ReadAsync();
            var buffer = result.Buffer;
            if (result.IsCanceled)
            {
                input.AdvanceTo(buffer.Start);
                return null;
            }

            if (FrameReader.TryReadClientFrame(ref buffer, out var frame))
            {
                // The rest is not examined: the next read answers at once.
                input.AdvanceTo(buffer.Start);
                return frame;
            }

            input.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                return buffer.IsEmpty
                    ? null
                    : throw new ProtocolException(ErrorCode.ProtocolViolation, "The stream ended within a frame.");
            }
        }
    }
}
