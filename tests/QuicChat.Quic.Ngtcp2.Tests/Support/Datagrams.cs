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
}
