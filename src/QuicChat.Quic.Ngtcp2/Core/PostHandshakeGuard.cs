namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>
/// Checks the TLS messages that arrive after the handshake, before GnuTLS sees them. A KeyUpdate is a connection error in QUIC (RFC 9001, section 6),
/// but ngtcp2 1.11 with GnuTLS aborts the process on it. Only a client is ever sent anything: session tickets.
/// </summary>
internal struct PostHandshakeGuard
{
    private const byte NewSessionTicket = 4;
    private const int HeaderLength = 4;

    private uint _header;
    private int _headerBytes;
    private int _bodyRemaining;

    /// <summary>Looks at the next bytes of the TLS stream.</summary>
    /// <returns>Whether they may go on to TLS.</returns>
    public bool Admits(bool isServer, ReadOnlySpan<byte> data)
    {
        if (isServer)
        {
            return data.IsEmpty;
        }

        while (!data.IsEmpty)
        {
            if (_bodyRemaining > 0)
            {
                var skipped = Math.Min(_bodyRemaining, data.Length);
                _bodyRemaining -= skipped;
                data = data[skipped..];
                continue;
            }

            _header = _header << 8 | data[0];
            data = data[1..];
            if (++_headerBytes == 1 && (byte)_header != NewSessionTicket)
            {
                return false;
            }

            if (_headerBytes == HeaderLength)
            {
                _bodyRemaining = (int)(_header & 0xff_ffff);
                _headerBytes = 0;
                _header = 0;
            }
        }

        return true;
    }
}
