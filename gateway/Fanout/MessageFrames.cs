using System.Buffers;
using System.Text;
using QuicChat.Abstractions.Rooms;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Gateway.Fanout;

/// <summary>Stored messages as frames.</summary>
internal static class MessageFrames
{
    /// <summary>The wire's form of a stored message.</summary>
    public static Message ToWire(RoomMessage message) => new()
    {
        Offset = (ulong)message.Offset,
        SenderId = message.UserId,
        SenderName = message.UserName,
        SentAtMs = message.SentAt.ToUnixTimeMilliseconds(),
        Body = message.Body,
        ClientId = message.ClientId,
        ClientSeq = (ulong)message.ClientSeq,
    };

    /// <summary>How much a stored message weighs: its text, and about as much as the rest of it takes.</summary>
    public static int SizeOf(RoomMessage message) => Encoding.UTF8.GetByteCount(message.Body) + 128;

    /// <summary>Writes a stored message as a frame.</summary>
    /// <returns>The bytes written.</returns>
    public static int Write(IBufferWriter<byte> output, RoomMessage message)
        => FrameWriter.Write(output, new ServerFrame { Message = ToWire(message) });

    /// <summary>Encodes a stored message once for all members.</summary>
    public static RelayedMessage Encode(RoomMessage message)
    {
        var output = new ArrayBufferWriter<byte>();
        Write(output, message);
        return new RelayedMessage(message.Offset, output.WrittenMemory);
    }
}
