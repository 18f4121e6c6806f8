using System.Runtime.InteropServices;
using QuicChat.Quic.Ngtcp2.Interop;

namespace QuicChat.Quic.Ngtcp2.Core;

// Holding a client's first message back until the application has chosen the certificate, which may take its time.
internal sealed unsafe partial class ConnectionCore
{
    // Above any ClientHello with post-quantum key shares; what the peer can have buffered here before its address is known.
    private const int MaxHelloBytes = 16 * 1024;

    // RFC 8446, section 6.2.
    private const ulong DecodeError = CryptoError + 50;
    private const ulong TlsInternalError = CryptoError + 80;

    private List<byte>? _hello;
    private bool _helloIsComplete;

    /// <summary>Goes on with a handshake that waits since <see cref="ConnectionEvent.ClientGreeted"/>; thread-safe.</summary>
    /// <param name="credentials">The certificate to show; kept for as long as the connection lives.</param>
    public void Continue(CredentialsHandle credentials) => Request(() =>
    {
        if (_connection == 0 || _hello is not { } held)
        {
            return;
        }

        _hello = null;
        int result;
        _handle!.UseCredentials(credentials);
        fixed (byte* data = held.ToArray())
        {
            result = Interop.Ngtcp2.CryptoReceiveCryptoData(
                _connection, Interop.Ngtcp2.EncryptionLevelInitial, 0, data, (nuint)held.Count, _handle.UserData);
        }

        AfterNative();
        if (result != 0)
        {
            EndByLibrary(result);
        }
    });

    /// <summary>Ends a handshake that waits for credentials, for there are none; thread-safe.</summary>
    /// <param name="reason">Why, for the client.</param>
    public void Decline(string reason) => Request(() =>
    {
        if (_connection != 0 && _hello is not null)
        {
            EndByLibrary(Refuse(TlsInternalError, reason));
        }
    });

    // What has come before the choice goes to TLS together, after it.
    private int Hold(List<byte> held, ReadOnlySpan<byte> data)
    {
        if (held.Count + data.Length > MaxHelloBytes)
        {
            return Refuse(DecodeError, "a TLS ClientHello larger than any is taken", Interop.Ngtcp2.ErrorCrypto);
        }

        held.AddRange(data);
        var bytes = CollectionsMarshal.AsSpan(held);
        if (!_helloIsComplete && ClientHelloMessage.IsComplete(bytes))
        {
            _helloIsComplete = true;
            _events.Enqueue(new ConnectionEvent.ClientGreeted(ClientHelloMessage.ReadServerName(bytes)));
        }

        return 0;
    }
}
