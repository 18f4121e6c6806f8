namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>
/// Checks the types of TLS messages before GnuTLS sees them. A KeyUpdate is a connection error in QUIC (RFC 9001, section 6), but ngtcp2 1.11 with GnuTLS
/// aborts the process on it. GnuTLS also keeps what follows a peer's last message of an encryption level, and reads it with the next message of another
/// level; so nothing passes at any level that is not due there (RFC 9001, section 4.1.3; RFC 8446, section 4).
/// </summary>
internal struct TlsMessageGuard
{
    private const byte ClientHello = 1;
    private const byte ServerHello = 2;
    private const byte NewSessionTicket = 4;
    private const byte EncryptedExtensions = 8;
    private const byte Certificate = 11;
    private const byte CertificateRequest = 13;
    private const byte CertificateVerify = 15;
    private const byte Finished = 20;
    private const int HeaderLength = 4;

    private Reader _initial;
    private Reader _handshake;
    private Reader _oneRtt;

    // Where one level's stream of messages stands.
    private struct Reader
    {
        public uint Header;
        public int HeaderBytes;
        public int BodyRemaining;
    }

    /// <summary>Looks at the next bytes that a peer sent at an encryption level.</summary>
    /// <param name="isServer">Whether this side is the server.</param>
    /// <param name="level">The encryption level, ngtcp2's number.</param>
    /// <param name="data">The bytes, in order.</param>
    /// <returns>Whether they may go on to TLS.</returns>
    public bool Admits(bool isServer, int level, ReadOnlySpan<byte> data)
    {
        switch (level)
        {
            case Interop.Ngtcp2.EncryptionLevelInitial:
                return Admits(ref _initial, data, isServer ? [ClientHello] : [ServerHello]);
            case Interop.Ngtcp2.EncryptionLevelHandshake:
                return Admits(
                    ref _handshake, data,
                    isServer ? [Finished] : [EncryptedExtensions, Certificate, CertificateRequest, CertificateVerify, Finished]);
            case Interop.Ngtcp2.EncryptionLevel1Rtt:
                return Admits(ref _oneRtt, data, isServer ? [] : [NewSessionTicket]);
            default:
                return false;
        }
    }

    private static bool Admits(ref Reader reader, ReadOnlySpan<byte> data, ReadOnlySpan<byte> types)
    {
        while (!data.IsEmpty)
        {
            if (reader.BodyRemaining > 0)
            {
                var skipped = Math.Min(reader.BodyRemaining, data.Length);
                reader.BodyRemaining -= skipped;
                data = data[skipped..];
                continue;
            }

            reader.Header = reader.Header << 8 | data[0];
            data = data[1..];
            if (++reader.HeaderBytes == 1 && !types.Contains((byte)reader.Header))
            {
                return false;
            }

            if (reader.HeaderBytes == HeaderLength)
            {
                reader.BodyRemaining = (int)(reader.Header & 0xff_ffff);
                reader.HeaderBytes = 0;
                reader.Header = 0;
            }
        }

        return true;
    }
}
