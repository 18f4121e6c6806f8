using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using QuicChat.Protocol.V1;

namespace QuicChat.Protocol;

/// <summary>
/// Takes frames off the front of a stream's bytes. It keeps no state: bytes of an unfinished frame stay in the caller's buffer, to be offered
/// again with what has arrived since. A frame's length is judged as soon as its last byte is there, before any of the frame is waited for.
/// </summary>
public static class FrameReader
{
    /// <summary>The most bytes that an unfinished frame can leave in the buffer: what a reader must be able to hold.</summary>
    public const int MaxUnread = MaxLengthBytes + ProtocolLimits.MaxFrameBytes - 1;

    // 65,536 takes three groups of seven bits.
    internal const int MaxLengthBytes = 3;

    // Fields added by a newer peer are skipped; keeping them would let it fill memory with what nobody reads.
    private static readonly MessageParser<ClientFrame> ClientParser = ClientFrame.Parser.WithDiscardUnknownFields(true);
    private static readonly MessageParser<ServerFrame> ServerParser = ServerFrame.Parser.WithDiscardUnknownFields(true);

    /// <summary>Takes a client's next frame off <paramref name="buffer"/>, if it is there whole.</summary>
    /// <param name="buffer">Unread bytes of the stream; afterwards it begins behind the frame.</param>
    /// <param name="frame">The frame; its <see cref="ClientFrame.FrameCase"/> is never None.</param>
    /// <returns>Whether there was one; if not, <paramref name="buffer"/> is unchanged and more bytes are needed.</returns>
    /// <exception cref="ProtocolException">The bytes break the protocol. The stream cannot be read any further.</exception>
    public static bool TryReadClientFrame(ref ReadOnlySequence<byte> buffer, [NotNullWhen(true)] out ClientFrame? frame)
    {
        if (!TryRead(ref buffer, ClientParser, out frame))
        {
            return false;
        }

        return frame.FrameCase != ClientFrame.FrameOneofCase.None ? true : throw UnknownFrame();
    }

    /// <summary>Takes a gateway's next frame off <paramref name="buffer"/>, if it is there whole.</summary>
    /// <param name="buffer">Unread bytes of the stream; afterwards it begins behind the frame.</param>
    /// <param name="frame">The frame; its <see cref="ServerFrame.FrameCase"/> is never None.</param>
    /// <returns>Whether there was one; if not, <paramref name="buffer"/> is unchanged and more bytes are needed.</returns>
    /// <exception cref="ProtocolException">The bytes break the protocol. The stream cannot be read any further.</exception>
    public static bool TryReadServerFrame(ref ReadOnlySequence<byte> buffer, [NotNullWhen(true)] out ServerFrame? frame)
    {
        if (!TryRead(ref buffer, ServerParser, out frame))
        {
            return false;
        }

        return frame.FrameCase != ServerFrame.FrameOneofCase.None ? true : throw UnknownFrame();
    }

    private static bool TryRead<TFrame>(
        ref ReadOnlySequence<byte> buffer, MessageParser<TFrame> parser, [NotNullWhen(true)] out TFrame? frame)
        where TFrame : class, IMessage<TFrame>
    {
        if (!TryReadLength(buffer, out var lengthBytes, out var length) || buffer.Length - lengthBytes < length)
        {
            frame = null;
            return false;
        }

        var payload = buffer.Slice(lengthBytes, length);
        try
        {
            frame = parser.ParseFrom(payload);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new ProtocolException(ErrorCode.ProtocolViolation, $"A frame of {length} bytes is not valid Protobuf: {e.Message}", e);
        }

        buffer = buffer.Slice(payload.End);
        return true;
    }

    private static bool TryReadLength(in ReadOnlySequence<byte> buffer, out int lengthBytes, out int length)
    {
        lengthBytes = 0;
        length = 0;
        var reader = new SequenceReader<byte>(buffer);
        while (reader.TryRead(out var next))
        {
            length |= (next & 0x7f) << (7 * lengthBytes);
            lengthBytes++;
            if (next < 0x80)
            {
                if (next == 0 && lengthBytes > 1)
                {
                    throw new ProtocolException(ErrorCode.ProtocolViolation, "A frame's length is written with more bytes than it needs.");
                }

                return length <= ProtocolLimits.MaxFrameBytes ? true : throw TooLarge($"{length} bytes");
            }

            if (lengthBytes == MaxLengthBytes)
            {
                throw TooLarge("2 MiB or more");
            }
        }

        return false;
    }

    private static ProtocolException TooLarge(string size)
        => new(ErrorCode.FrameTooLarge, $"A frame of {size} is announced; {ProtocolLimits.MaxFrameBytes} are allowed.");

    private static ProtocolException UnknownFrame()
        => new(ErrorCode.ProtocolViolation, "A frame is empty or of an unknown type.");
}
