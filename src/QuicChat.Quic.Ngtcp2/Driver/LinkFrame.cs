using System.Buffers.Binary;
using System.Security.Cryptography;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Routing;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>
/// A client's datagram between two servers of a pool, sealed with AES-256-GCM: kind, configuration ID of the secret, sender, nonce; then sealed the addresses of both
/// ends of the path at the server that the client speaks to, and the datagram. One that is replayed is a QUIC datagram replayed, which QUIC discards.
/// </summary>
internal static class LinkFrame
{
    /// <summary>What a frame adds to a datagram.</summary>
    public const int Overhead = SealedOffset + (2 * AddressLength) + TagLength;

    /// <summary>From the server that the client speaks to, to the connection's.</summary>
    public const byte ToOwner = 1;

    /// <summary>And back.</summary>
    public const byte ToIngress = 2;

    public const int NonceLength = 12;

    private const int SenderOffset = 2;
    private const int NonceOffset = SenderOffset + sizeof(uint);
    private const int SealedOffset = NonceOffset + NonceLength;
    private const int AddressLength = 16 + sizeof(ushort);
    private const int TagLength = 16;

    /// <summary>What stands before the seal.</summary>
    public readonly record struct Header(byte Kind, byte ConfigurationId, uint Sender);

    public static AesGcm CreateSeal(PoolSecret secret) => new(secret.LinkKey.Span, TagLength);

    /// <summary>Writes a frame.</summary>
    /// <returns>Its length.</returns>
    public static int Write(Span<byte> frame, Header header, ReadOnlySpan<byte> nonce, FourTuple path, ReadOnlySpan<byte> datagram, AesGcm seal)
    {
        frame[0] = header.Kind;
        frame[1] = header.ConfigurationId;
        BinaryPrimitives.WriteUInt32BigEndian(frame[SenderOffset..], header.Sender);
        nonce.CopyTo(frame[NonceOffset..]);
        var text = frame.Slice(SealedOffset, (2 * AddressLength) + datagram.Length);
        path.Local.Write(text);
        path.Remote.Write(text[AddressLength..]);
        datagram.CopyTo(text[(2 * AddressLength)..]);
        seal.Encrypt(nonce, text, text, frame.Slice(SealedOffset + text.Length, TagLength), frame[..NonceOffset]);
        return SealedOffset + text.Length + TagLength;
    }

    public static bool TryReadHeader(ReadOnlySpan<byte> frame, out Header header)
    {
        header = default;
        if (frame.Length <= Overhead || frame[0] is not (ToOwner or ToIngress))
        {
            return false;
        }

        header = new Header(frame[0], frame[1], BinaryPrimitives.ReadUInt32BigEndian(frame[SenderOffset..]));
        return true;
    }

    /// <summary>Opens a frame with a header.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="seal">The key that the header names.</param>
    /// <param name="buffer">Where the datagram is written to.</param>
    /// <param name="path">The path at the server that the client speaks to.</param>
    /// <param name="datagram">The datagram, within <paramref name="buffer"/>.</param>
    /// <returns>Whether it is genuine.</returns>
    public static bool TryOpen(ReadOnlySpan<byte> frame, AesGcm seal, Span<byte> buffer, out FourTuple path, out ReadOnlySpan<byte> datagram)
    {
        path = default;
        datagram = default;
        var text = buffer[..(frame.Length - SealedOffset - TagLength)];
        try
        {
            seal.Decrypt(frame.Slice(NonceOffset, NonceLength), frame.Slice(SealedOffset, text.Length), frame[^TagLength..], text, frame[..NonceOffset]);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        path = new FourTuple(UdpAddress.Read(text), UdpAddress.Read(text[AddressLength..]));
        datagram = text[(2 * AddressLength)..];
        return true;
    }
}
