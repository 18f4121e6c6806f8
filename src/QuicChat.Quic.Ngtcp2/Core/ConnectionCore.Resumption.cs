namespace QuicChat.Quic.Ngtcp2.Core;

// What a server gives its client so that the next connection begins faster.
internal sealed unsafe partial class ConnectionCore
{
    private UdpAddress? _newTokenFor;

    // A client's address proves itself with the handshake, and with the check of each new path (RFC 9000, section 8.1.3).
    private void GiveToken()
    {
        if (_newTokenFor is not { } client)
        {
            return;
        }

        _newTokenFor = null;
        Span<byte> token = stackalloc byte[Interop.Ngtcp2.MaxRegularTokenLength];
        if (_settings.Tokens?.WriteNewToken(token, client, _now) is not (> 0 and var length))
        {
            return;
        }

        fixed (byte* bytes = token)
        {
            var result = Interop.Ngtcp2.SubmitNewToken(_connection, bytes, (nuint)length);
            if (result != 0)
            {
                throw new InvalidOperationException($"A token for the next connection cannot be sent: {Interop.Ngtcp2.Describe(result)}.");
            }
        }
    }
}
