using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>Reads a TLS client's first message (RFC 8446, section 4.1.2) before TLS does, for what the certificate is chosen by.</summary>
internal static class ClientHelloMessage
{
    private const int HeaderLength = 4;

    // Version and random.
    private const int FixedLength = 2 + 32;

    // RFC 6066, section 3.
    private const ushort ServerNameExtension = 0;
    private const byte HostName = 0;
    private const int MaxHostNameLength = 255;

    // Of names in DNS, and the underscore, which is about. What else comes from the network is not for logs and callbacks.
    private static readonly SearchValues<byte> HostNameBytes = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"u8);

    /// <summary>Whether the whole message is there.</summary>
    public static bool IsComplete(ReadOnlySpan<byte> bytes)
        => bytes.Length >= HeaderLength && bytes.Length - HeaderLength >= (int)(BinaryPrimitives.ReadUInt32BigEndian(bytes) & 0xff_ffff);

    /// <summary>The host that the client wants to reach.</summary>
    /// <returns>The name; empty where there is none, or the message is malformed, which TLS finds out after.</returns>
    public static string ReadServerName(ReadOnlySpan<byte> message)
    {
        var rest = message.Length > HeaderLength + FixedLength ? message[(HeaderLength + FixedLength)..] : default;
        if (!TryTake(ref rest, lengthBytes: 1, out _) // legacy_session_id
            || !TryTake(ref rest, lengthBytes: 2, out _) // cipher_suites
            || !TryTake(ref rest, lengthBytes: 1, out _) // legacy_compression_methods
            || !TryTake(ref rest, lengthBytes: 2, out var extensions))
        {
            return "";
        }

        while (extensions.Length >= 2)
        {
            var type = BinaryPrimitives.ReadUInt16BigEndian(extensions);
            extensions = extensions[2..];
            if (!TryTake(ref extensions, lengthBytes: 2, out var extension))
            {
                return "";
            }

            if (type == ServerNameExtension)
            {
                return TryTake(ref extension, lengthBytes: 2, out var names)
                    && names is [HostName, .. var first]
                    && TryTake(ref first, lengthBytes: 2, out var name)
                    && name.Length <= MaxHostNameLength
                    && !name.ContainsAnyExcept(HostNameBytes)
                        ? Encoding.ASCII.GetString(name)
                        : "";
            }
        }

        return "";
    }

    // A vector and the length before it (RFC 8446, section 3.4).
    private static bool TryTake(ref ReadOnlySpan<byte> bytes, int lengthBytes, out ReadOnlySpan<byte> vector)
    {
        vector = default;
        if (bytes.Length < lengthBytes)
        {
            return false;
        }

        var length = lengthBytes == 1 ? bytes[0] : BinaryPrimitives.ReadUInt16BigEndian(bytes);
        bytes = bytes[lengthBytes..];
        if (bytes.Length < length)
        {
            return false;
        }

        vector = bytes[..length];
        bytes = bytes[length..];
        return true;
    }
}
