using System.Buffers.Binary;

namespace QuicChat.Quic.Ngtcp2.Tests.Support;

/// <summary>Makes and reads the version-independent parts of datagrams (RFC 8999).</summary>
internal static class Datagrams
{
    /// <summary>A long header of a version, zeroes after it.</summary>
    public static byte[] LongHeader(uint version, ReadOnlySpan<byte> dcid, ReadOnlySpan<byte> scid, int length, byte firstByte = 0xc0)
    {
        var datagram = new byte[length];
        datagram[0] = firstByte;
        BinaryPrimitives.WriteUInt32BigEndian(datagram.AsSpan(1), version);
        datagram[5] = (byte)dcid.Length;
        dcid.CopyTo(datagram.AsSpan(6));
        datagram[6 + dcid.Length] = (byte)scid.Length;
        scid.CopyTo(datagram.AsSpan(7 + dcid.Length));
        return datagram;
    }

    public static byte[] VersionNegotiation(ReadOnlySpan<byte> dcid, ReadOnlySpan<byte> scid, params ReadOnlySpan<uint> versions)
    {
        var header = 7 + dcid.Length + scid.Length;
        var datagram = LongHeader(0, dcid, scid, header + (4 * versions.Length), 0x80);
        for (var i = 0; i < versions.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(datagram.AsSpan(header + (4 * i)), versions[i]);
        }

        return datagram;
    }

    public static (uint Version, byte[] Dcid, byte[] Scid, byte[] Payload) ReadLongHeader(ReadOnlySpan<byte> datagram)
    {
        var version = BinaryPrimitives.ReadUInt32BigEndian(datagram[1..]);
        var dcid = datagram.Slice(6, datagram[5]);
        var afterDcid = datagram[(6 + dcid.Length)..];
        var scid = afterDcid.Slice(1, afterDcid[0]);
        return (version, dcid.ToArray(), scid.ToArray(), afterDcid[(1 + scid.Length)..].ToArray());
    }

    /// <summary>Whether a datagram begins with a Retry packet (RFC 9000, section 17.2.5).</summary>
    public static bool IsRetry(ReadOnlySpan<byte> datagram) => (datagram[0] & 0xf0) == 0xf0;

    /// <summary>Whether a datagram begins with an Initial packet (RFC 9000, section 17.2.2).</summary>
    public static bool IsInitial(ReadOnlySpan<byte> datagram) => (datagram[0] & 0xf0) == 0xc0;

    /// <summary>The token of the Initial packet that a datagram begins with.</summary>
    public static byte[] TokenOf(ReadOnlySpan<byte> datagram) => datagram[TokenAt(datagram)].ToArray();

    /// <summary>Where that token is.</summary>
    public static Range TokenAt(ReadOnlySpan<byte> datagram)
    {
        if (!IsInitial(datagram))
        {
            throw new ArgumentException("The datagram does not begin with an Initial packet.", nameof(datagram));
        }

        var at = 6 + datagram[5];
        at += 1 + datagram[at];

        // A length of one byte, or of two (RFC 9000, section 16).
        var (length, bytes) = datagram[at] < 0x40 ? (datagram[at], 1) : (BinaryPrimitives.ReadUInt16BigEndian(datagram[at..]) & 0x3fff, 2);
        return (at + bytes)..(at + bytes + length);
    }
}
