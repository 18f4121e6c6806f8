using System.Buffers;
using Google.Protobuf;
using QuicChat.Protocol.V1;

namespace QuicChat.Protocol;

/// <summary>Writes frames, each behind its length. A frame is written whole or, where it cannot be, not at all.</summary>
public static class FrameWriter
{
    /// <summary>The most bytes that one frame takes on the stream, its length included.</summary>
    public const int MaxWritten = FrameReader.MaxLengthBytes + ProtocolLimits.MaxFrameBytes;

    /// <summary>Writes a client's frame.</summary>
    /// <param name="output">Where to; it is asked once for exactly the bytes needed, and advanced by them.</param>
    /// <param name="frame">The frame; one of its types must be set.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ProtocolException">The frame is larger than <see cref="ProtocolLimits.MaxFrameBytes"/>.</exception>
    public static int Write(IBufferWriter<byte> output, ClientFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        return Write(output, frame, frame.FrameCase == ClientFrame.FrameOneofCase.None);
    }

    /// <summary>Writes a gateway's frame.</summary>
    /// <param name="output">Where to; it is asked once for exactly the bytes needed, and advanced by them.</param>
    /// <param name="frame">The frame; one of its types must be set.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ProtocolException">The frame is larger than <see cref="ProtocolLimits.MaxFrameBytes"/>.</exception>
    public static int Write(IBufferWriter<byte> output, ServerFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        return Write(output, frame, frame.FrameCase == ServerFrame.FrameOneofCase.None);
    }

    private static int Write(IBufferWriter<byte> output, IMessage frame, bool isEmpty)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (isEmpty)
        {
            throw new ArgumentException("The frame has no type set.", nameof(frame));
        }

        var length = frame.CalculateSize();
        if (length > ProtocolLimits.MaxFrameBytes)
        {
            throw new ProtocolException(
                ErrorCode.FrameTooLarge, $"The frame has {length} bytes; {ProtocolLimits.MaxFrameBytes} are allowed.");
        }

        var lengthBytes = CodedOutputStream.ComputeUInt32Size((uint)length);
        var total = lengthBytes + length;
        var span = output.GetSpan(total)[..total];
        for (var i = 0; i < lengthBytes; i++)
        {
            var more = i < lengthBytes - 1 ? 0x80 : 0;
            span[i] = (byte)(((length >> (7 * i)) & 0x7f) | more);
        }

        frame.WriteTo(span[lengthBytes..]);
        output.Advance(total);
        return total;
    }
}
