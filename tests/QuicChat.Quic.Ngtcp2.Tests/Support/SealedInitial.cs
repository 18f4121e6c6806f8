using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace QuicChat.Quic.Ngtcp2.Tests.Support;

/// <summary>A client's Initial packets (RFC 9000, section 17.2.2) around any payload: anyone can seal them (RFC 9001, section 5.2).</summary>
internal sealed class SealedInitial : IDisposable
{
    private const int PacketNumberLength = 4;
    private const int TagLength = 16;
    private const int SampleLength = 16;

    // RFC 9001, section 5.2.
    private static readonly byte[] Salt = Convert.FromHexString("38762cf7f55934b34d179ae6a4c80cadccbb7f0a");

    private readonly byte[] _dcid;
    private readonly byte[] _iv;
    private readonly AesGcm _aead;
    private readonly Aes _header;

    public SealedInitial(byte[] dcid)
    {
        _dcid = dcid;
        var client = Expand(HKDF.Extract(HashAlgorithmName.SHA256, dcid, Salt), "client in", 32);
        _aead = new AesGcm(Expand(client, "quic key", 16), TagLength);
        _iv = Expand(client, "quic iv", 12);
        _header = Aes.Create();
        _header.SetKey(Expand(client, "quic hp", 16));
    }

    /// <summary>Seals a payload.</summary>
    public byte[] Seal(ReadOnlySpan<byte> scid, uint number, ReadOnlySpan<byte> payload)
    {
        byte[] start = [0xc0 | (PacketNumberLength - 1), 0, 0, 0, 1, (byte)_dcid.Length, .. _dcid, (byte)scid.Length, .. scid, 0];
        var length = PacketNumberLength + payload.Length + TagLength;
        var numberOffset = start.Length + sizeof(ushort);
        var packet = new byte[numberOffset + length];
        start.CopyTo(packet, 0);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(start.Length), (ushort)(0x4000 | length));
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(numberOffset), number);
        var body = numberOffset + PacketNumberLength;
        _aead.Encrypt(Nonce(number), payload, packet.AsSpan(body, payload.Length), packet.AsSpan(body + payload.Length), packet.AsSpan(0, body));
        Mask(packet, numberOffset, PacketNumberLength, 0x0f);
        return packet;
    }

    /// <summary>Opens the Initial packet that a datagram of a client's begins with.</summary>
    /// <returns>The payload.</returns>
    public static byte[] Open(ReadOnlySpan<byte> datagram)
    {
        var packet = datagram.ToArray();
        using var keys = new SealedInitial(packet[6..(6 + packet[5])]);
        var at = 6 + packet[5];
        at += 1 + packet[at];

        // No token: its length is one byte, 0.
        at++;
        // A variable-length integer (RFC 9000, section 16).
        var lengthLength = 1 << (packet[at] >> 6);
        var length = packet[at] & 0x3f;
        for (var i = 1; i < lengthLength; i++)
        {
            length = (length << 8) | packet[at + i];
        }

        at += lengthLength;
        var mask = keys._header.EncryptEcb(packet.AsSpan(at + 4, SampleLength), PaddingMode.None);
        packet[0] ^= (byte)(mask[0] & 0x0f);
        var numberLength = (packet[0] & 3) + 1;
        uint number = 0;
        for (var i = 0; i < numberLength; i++)
        {
            packet[at + i] ^= mask[1 + i];
            number = (number << 8) | packet[at + i];
        }

        var body = packet.AsSpan(at + numberLength, length - numberLength);
        var payload = new byte[body.Length - TagLength];
        keys._aead.Decrypt(keys.Nonce(number), body[..payload.Length], body[payload.Length..], payload, packet.AsSpan(0, at + numberLength));
        return payload;
    }

    public void Dispose()
    {
        _aead.Dispose();
        _header.Dispose();
    }

    private void Mask(byte[] packet, int numberOffset, int numberLength, byte bits)
    {
        var mask = _header.EncryptEcb(packet.AsSpan(numberOffset + 4, SampleLength), PaddingMode.None);
        packet[0] ^= (byte)(mask[0] & bits);
        for (var i = 0; i < numberLength; i++)
        {
            packet[numberOffset + i] ^= mask[1 + i];
        }
    }

    private byte[] Nonce(uint number)
    {
        var nonce = (byte[])_iv.Clone();
        BinaryPrimitives.WriteUInt32BigEndian(nonce.AsSpan(8), BinaryPrimitives.ReadUInt32BigEndian(nonce.AsSpan(8)) ^ number);
        return nonce;
    }

    // HKDF-Expand-Label (RFC 8446, section 7.1).
    private static byte[] Expand(byte[] secret, string label, int length)
    {
        var full = Encoding.ASCII.GetBytes($"tls13 {label}");
        return HKDF.Expand(HashAlgorithmName.SHA256, secret, length, [0, (byte)length, (byte)full.Length, .. full, 0]);
    }
}
