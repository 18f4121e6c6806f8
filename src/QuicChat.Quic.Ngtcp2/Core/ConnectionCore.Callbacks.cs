using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Interop;

namespace QuicChat.Quic.Ngtcp2.Core;

// What ngtcp2 and GnuTLS call. Each only notes what happened; no exception crosses into native code.
internal sealed unsafe partial class ConnectionCore
{
    // TLS alerts (RFC 8446, section 6.2).
    private const byte AlertUnexpectedMessage = 10;
    private const byte AlertNoApplicationProtocol = 120;

    private static readonly Interop.Ngtcp2.Callbacks NativeCallbacks = MakeCallbacks();

    // RFC 9001, section 5.3: the tag of each AEAD that QUIC uses.
    private const int AeadTagLength = 16;

    // The connection that reads a datagram now: the callback that decrypts is not told.
    [ThreadStatic]
    private static ConnectionCore? _reading;

    private readonly ObservedFrames _observed = new();

    // Whether that datagram held a packet that decrypted.
    private bool _authenticated;

    private static Interop.Ngtcp2.Callbacks MakeCallbacks() => new()
    {
        ClientInitial = Crypto("ngtcp2_crypto_client_initial_cb"),
        ReceiveClientInitial = Crypto("ngtcp2_crypto_recv_client_initial_cb"),
        ReceiveCryptoData = &OnReceiveCryptoData,
        HandshakeCompleted = &OnHandshakeCompleted,
        Encrypt = Crypto("ngtcp2_crypto_encrypt_cb"),
        Decrypt = (delegate* unmanaged[Cdecl]<byte*, void*, void*, byte*, nuint, byte*, nuint, byte*, nuint, int>)&OnDecrypt,
        HeaderProtectionMask = Crypto("ngtcp2_crypto_hp_mask_cb"),
        ReceiveStreamData = &OnReceiveStreamData,
        AckedStreamDataOffset = &OnAckedStreamDataOffset,
        StreamOpen = &OnStreamOpen,
        StreamClose = &OnStreamClose,
        ReceiveStatelessReset = &OnStatelessReset,
        ReceiveRetry = Crypto("ngtcp2_crypto_recv_retry_cb"),
        ExtendMaxLocalStreamsBidi = &OnExtendMaxLocalStreamsBidi,
        Rand = &OnRand,
        GetNewConnectionId = &OnGetNewConnectionId,
        RemoveConnectionId = &OnRemoveConnectionId,
        UpdateKey = Crypto("ngtcp2_crypto_update_key_cb"),
        PathValidation = &OnPathValidation,
        StreamReset = &OnStreamReset,
        DeleteCryptoAeadContext = Crypto("ngtcp2_crypto_delete_crypto_aead_ctx_cb"),
        DeleteCryptoCipherContext = Crypto("ngtcp2_crypto_delete_crypto_cipher_ctx_cb"),
        GetPathChallengeData = Crypto("ngtcp2_crypto_get_path_challenge_data_cb"),
        VersionNegotiation = Crypto("ngtcp2_crypto_version_negotiation_cb"),
    };

    private static void* Crypto(string function) => NativeLibraries.Export(NativeLibraries.Ngtcp2CryptoGnutls, function);

    private static ConnectionCore Self(void* userData) => ConnectionHandle.Owner<ConnectionCore>(userData);

    private int Refuse(byte alert, string reason, int result)
    {
        _refusal = (alert, reason);
        return result;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnReceiveCryptoData(nint connection, int level, ulong offset, byte* data, nuint length, void* userData)
    {
        var self = Self(userData);
        return self._guard.Admits(self._isServer, level, new ReadOnlySpan<byte>(data, (int)length))
            ? Interop.Ngtcp2.CryptoReceiveCryptoData(connection, level, offset, data, length, userData)
            : self.Refuse(AlertUnexpectedMessage, "a TLS message that is not due (RFC 8446, section 4)", Interop.Ngtcp2.ErrorCrypto);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnHandshakeCompleted(nint connection, void* userData)
    {
        var self = Self(userData);
        Gnutls.Datum selected;

        // GnuTLS lets a peer pass that offers no application protocol at all; QUIC does not (RFC 9001, section 8.1).
        if (self._settings.ApplicationProtocol.Length > 0
            && (Gnutls.AlpnGetSelectedProtocol(self._handle!.Session, &selected) != 0
                || !new ReadOnlySpan<byte>(selected.Data, (int)selected.Size).SequenceEqual(self._settings.ApplicationProtocol)))
        {
            return self.Refuse(AlertNoApplicationProtocol, "the peer offers no common application protocol", Interop.Ngtcp2.ErrorCallbackFailure);
        }

        self._state = State.Open;
        self._completed = true;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnDecrypt(
        byte* destination, void* aead, void* aeadContext, byte* ciphertext, nuint ciphertextLength, byte* nonce, nuint nonceLength,
        byte* additionalData, nuint additionalDataLength)
    {
        var result = Interop.Ngtcp2.CryptoDecrypt(
            destination, aead, aeadContext, ciphertext, ciphertextLength, nonce, nonceLength, additionalData, additionalDataLength);
        if (result == 0 && _reading is { } self)
        {
            self._authenticated = true;
            if (self._state == State.Open)
            {
                self._observed.Read(new ReadOnlySpan<byte>(destination, (int)ciphertextLength - AeadTagLength));
            }
        }

        return result;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnReceiveStreamData(
        nint connection, uint flags, long streamId, ulong offset, byte* data, nuint length, void* userData, void* streamUserData)
    {
        var self = Self(userData);
        if (self._streams.TryGetValue(streamId, out var stream))
        {
            stream.Receive(new ReadOnlySpan<byte>(data, (int)length), (flags & Interop.Ngtcp2.StreamDataFlagFin) != 0);
            stream.Readable = true;
            self._touched.Add(stream);
        }

        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnAckedStreamDataOffset(
        nint connection, long streamId, ulong offset, ulong length, void* userData, void* streamUserData)
    {
        var self = Self(userData);
        if (self._streams.TryGetValue(streamId, out var stream))
        {
            stream.Acknowledge((long)(offset + length));
            stream.Acknowledged = true;
            self._touched.Add(stream);
        }

        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnStreamOpen(nint connection, long streamId, void* userData)
    {
        var self = Self(userData);
        var stream = new StreamCore(self, streamId, self._settings.Pool);
        self._streams.Add(streamId, stream);
        self._events.Enqueue(new ConnectionEvent.StreamAccepted(stream));
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnStreamClose(
        nint connection, uint flags, long streamId, ulong errorCode, void* userData, void* streamUserData)
    {
        var self = Self(userData);
        if (self._streams.Remove(streamId, out var stream))
        {
            self._closedStreams.Add(stream);
        }

        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnStreamReset(
        nint connection, long streamId, ulong finalSize, ulong errorCode, void* userData, void* streamUserData)
    {
        var self = Self(userData);
        if (self._streams.TryGetValue(streamId, out var stream))
        {
            stream.ReceiveReset(errorCode);
            stream.Readable = true;
            self._touched.Add(stream);
        }

        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnStatelessReset(nint connection, void* reset, void* userData)
    {
        Self(userData)._statelessReset = true;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnExtendMaxLocalStreamsBidi(nint connection, ulong maxStreams, void* userData)
    {
        Self(userData)._events.Enqueue(new ConnectionEvent.StreamsAvailable());
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnRand(byte* destination, nuint length, void* context)
        => RandomNumberGenerator.Fill(new Span<byte>(destination, (int)length));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnGetNewConnectionId(nint connection, Interop.Ngtcp2.Cid* id, byte* token, nuint length, void* userData)
    {
        var self = Self(userData);
        Span<byte> bytes = stackalloc byte[(int)length];
        self._ids.Mint(bytes);
        *id = Interop.Ngtcp2.Cid.From(bytes);
        self.AddId(bytes);
        fixed (byte* secret = self._ids.ResetSecret)
        {
            return Interop.Ngtcp2.GenerateStatelessResetToken(token, secret, (nuint)self._ids.ResetSecret.Length, id) == 0
                ? 0
                : Interop.Ngtcp2.ErrorCallbackFailure;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnRemoveConnectionId(nint connection, Interop.Ngtcp2.Cid* id, void* userData)
    {
        var self = Self(userData);
        var key = new WireConnectionId(id->Bytes);
        self._ownIds.Remove(key);
        self._ids.Remove(key);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnPathValidation(
        nint connection, uint flags, Interop.Ngtcp2.Path* path, Interop.Ngtcp2.Path* oldPath, int result, void* userData)
    {
        if (result == Interop.Ngtcp2.PathValidationSuccess)
        {
            Self(userData)._validations.Add(NativePath.Read(path));
        }

        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int VerifyFingerprint(nint session)
    {
        var self = ConnectionHandle.OwnerOfSession<ConnectionCore>(session);
        uint count;
        var chain = Gnutls.CertificateGetPeers(session, &count);
        if (chain == null || count == 0)
        {
            self._trustProblem = "the server sent no certificate";
            return Gnutls.ErrorCertificate;
        }

        try
        {
            var der = new ReadOnlySpan<byte>(chain->Data, (int)chain->Size);
            self._trustProblem = Verify(der, ((ServerTrust.Pinned)self._settings.Trust!).Sha256.Span, self._now.Time);
        }
        catch (CryptographicException e)
        {
            self._trustProblem = $"the server's certificate cannot be read: {e.Message}";
        }

        return self._trustProblem is null ? 0 : Gnutls.ErrorCertificate;
    }

    // Why the server is not trusted, where that is what ended the handshake.
    private string? DescribeTrustProblem()
    {
        if (_trustProblem is not null || _settings.Trust is not ServerTrust.Authority authority)
        {
            return _trustProblem;
        }

        // All bits are set while nothing has been verified.
        return Gnutls.SessionGetVerificationStatus(_handle!.Session) switch
        {
            0 or uint.MaxValue => null,
            var s when (s & Gnutls.CertificateUnexpectedOwner) != 0 => $"the server's certificate is not for '{authority.HostName}'",
            var s when (s & (Gnutls.CertificateSignerNotFound | Gnutls.CertificateSignatureFailure)) != 0 => $"the server's certificate is not signed by an authority of '{authority.CaFile}'",
            var s when (s & Gnutls.CertificateExpired) != 0 => "the server's certificate has expired",
            var s when (s & Gnutls.CertificateNotActivated) != 0 => "the server's certificate is not valid yet",
            var s => $"the server's certificate is not trusted (GnuTLS verification status 0x{s:x})",
        };
    }

    private static string? Verify(ReadOnlySpan<byte> der, ReadOnlySpan<byte> sha256, DateTimeOffset now)
    {
        var actual = SHA256.HashData(der);
        if (!CryptographicOperations.FixedTimeEquals(actual, sha256))
        {
            return $"the server's certificate has the fingerprint {Convert.ToHexStringLower(actual)}, not the pinned one";
        }

        using var certificate = X509CertificateLoader.LoadCertificate(der);
        return now < certificate.NotBefore || now >= certificate.NotAfter
            ? $"the server's certificate is valid from {certificate.NotBefore:u} to {certificate.NotAfter:u}, not now"
            : null;
    }
}
