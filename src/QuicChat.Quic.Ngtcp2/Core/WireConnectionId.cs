using System.Runtime.InteropServices;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>A connection ID as it stands on the wire, up to 20 bytes (RFC 9000, section 5.1), as a key.</summary>
internal readonly record struct WireConnectionId
{
    public const int MaxLength = 20;

    private readonly ulong _first;
    private readonly ulong _second;
    private readonly uint _third;
    private readonly byte _length;

    public WireConnectionId(ReadOnlySpan<byte> bytes)
    {
        Span<byte> padded = stackalloc byte[MaxLength];
        padded.Clear();
        bytes.CopyTo(padded);
        _first = MemoryMarshal.Read<ulong>(padded);
        _second = MemoryMarshal.Read<ulong>(padded[8..]);
        _third = MemoryMarshal.Read<uint>(padded[16..]);
        _length = (byte)bytes.Length;
    }
}
