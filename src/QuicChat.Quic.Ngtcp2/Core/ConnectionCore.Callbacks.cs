using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Interop;

namespace QuicChat.Quic.Ngtcp2.Core;

// What ngtcp2 and GnuTLS call. Each only notes what happened; no exception crosses into native code, where it would end the process.
internal sealed unsafe partial class ConnectionCore
{
    // RFC 9000, section 20.1.
    private const ulong InternalError = 0x1;
    private const ulong ProtocolViolation = 0xa;

    // CRYPTO_ERROR: 0x100 and a TLS alert (RFC 9001, section 4.8; RFC 8446, section 6.2).
    private const ulong CryptoError = 0x100;
    private const ulong UnexpectedMessage = CryptoError + 10;
    private const ulong MissingExtension = CryptoError + 109;
    private const ulong NoApplicationProtocol = CryptoError + 120;

    private static readonly Interop.Ngtcp2.Callbacks NativeCallbacks = MakeCallbacks();

    // RFC 9001, section 5.3: the tag of each AEAD that QUIC uses.
    private const int AeadTagLength = 16;

    // The connection that reads a datagram now: the callback that decrypts is not told.
    [ThreadStatic]
    private static ConnectionCore? _reading;

    private readonly ObservedFrames _observed = new();

    // Whether that datagram held a packet that decrypted.
    private bool _authenticated;

    // Whether one of its packets had Handshake keys.
    private bool _withHandshakeKeys;

    // Whether ngtcp2 is not to see the challenges in it.
    private bool _hideChallenges;

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
        ExtendMaxLocalStreamsBidi = &OnExtendMaxLocalStreams,
        ExtendMaxLocalStreamsUni = &OnExtendMaxLocalStreams,
        Rand = &OnRand,
        GetNewConnectionId = &OnGetNewConnectionId,
        RemoveConnectionId = &OnRemoveConnectionId,
        UpdateKey = Crypto("ngtcp2_crypto_update_key_cb"),
        PathValidation = &OnPathValidation,
        StreamReset = &OnStreamReset,
        ReceiveNewToken = &OnReceiveNewToken,
        DeleteCryptoAeadContext = Crypto("ngtcp2_crypto_delete_crypto_aead_ctx_cb"),
        DeleteCryptoCipherContext = Crypto("ngtcp2_crypto_delete_crypto_cipher_ctx_cb"),
        GetPathChallengeData = &OnGetPathChallengeData,
        VersionNegotiation = Crypto("ngtcp2_crypto_version_negotiation_cb"),
        ReceiveTxKey = &OnSendKey,
    };

    private static void* Crypto(string function) => NativeLibraries.Export(NativeLibraries.Ngtcp2CryptoGnutls, function);

    private static ConnectionCore Self(void* userData) => ConnectionHandle.Owner<ConnectionCore>(userData);

    // The connection ends with this transport error once ngtcp2 has returned.
    private int Refuse(ulong errorCode, string reason, int result = Interop.Ngtcp2.ErrorCallbackFailure)
    {
        _refusal = (errorCode, reason);
        return result;
    }

    // Static functions, so that nothing is allocated for a call.
    private static int Guard<T>(ConnectionCore self, T what, Func<ConnectionCore, T, int> note)
        where T : allows ref struct
    {
        try
        {
            return note(self, what);
        }
        catch (Exception e)
        {
            self._fault = e;
            return Interop.Ngtcp2.ErrorCallbackFailure;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnReceiveCryptoData(nint connection, int level, ulong offset, byte* data, nuint length, void* userData)
    {
        var self = Self(userData);
        var bytes = new ReadOnlySpan<byte>(data, (int)length);
        if (self._handle!.Session == 0 || !self._guard.Admits(self._isServer, level, bytes))
        {
            return self.Refuse(UnexpectedMessage, "a TLS message that is not due (RFC 8446, section 4)", Interop.Ngtcp2.ErrorCrypto);
        }

        // After the handshake a server sends session tickets alone.
        self._ticketArrived |= level == Interop.Ngtcp2.EncryptionLevel1Rtt;
        return self._hello is null
            ? Interop.Ngtcp2.CryptoReceiveCryptoData(connection, level, offset, data, length, userData)
            : Guard(self, bytes, static (self, bytes) => self.Hold(self._hello!, bytes));
    }

    // GnuTLS lets a peer pass that sends no transport parameters; ngtcp2 1.11 would then abort the process when it writes (RFC 9001, section 8.2).
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnSendKey(nint connection, int level, void* userData)
        => level == Interop.Ngtcp2.EncryptionLevel1Rtt && Interop.Ngtcp2.GetRemoteTransportParameters(connection) == null
            ? Self(userData).Refuse(MissingExtension, "the peer sends no transport parameters")
            : 0;

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
            return self.Refuse(NoApplicationProtocol, "the peer offers no common application protocol");
        }

        self._state = State.Open;
        self._completed = true;
        self.IsResumed = Gnutls.SessionIsResumed(self._handle!.Session) != 0;
        return Guard(self, 0, static (self, _) =>
        {
            self.SendTicket();
            return 0;
        });
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnDecrypt(
        byte* destination, void* aead, void* aeadContext, byte* ciphertext, nuint ciphertextLength, byte* nonce, nuint nonceLength,
        byte* additionalData, nuint additionalDataLength)
    {
        var result = Interop.Ngtcp2.CryptoDecrypt(
            destination, aead, aeadContext, ciphertext, ciphertextLength, nonce, nonceLength, additionalData, additionalDataLength);
        if (result != 0 || _reading is not { } reading)
        {
            return result;
        }

        // What is authenticated besides the payload is the packet's header.
        reading._withHandshakeKeys |= IsHandshake(new ReadOnlySpan<byte>(additionalData, (int)additionalDataLength));
        return Guard(reading, new Span<byte>(destination, (int)ciphertextLength - AeadTagLength), static (self, payload) =>
        {
            self._authenticated = true;
            if (self._state == State.Open)
            {
                self._observed.Read(payload, self._hideChallenges);
            }

            return 0;
        });
    }

    // RFC 9000, section 17.2.4; RFC 9369, section 3.2.
    private static bool IsHandshake(ReadOnlySpan<byte> header)
        => header.Length > 5 && (header[0] & 0x80) != 0
            && (header[0] >> 4 & 3) == (BinaryPrimitives.ReadUInt32BigEndian(header[1..]) == Interop.Ngtcp2.ProtocolVersion1 ? 2 : 3);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnReceiveStreamData(
        nint connection, uint flags, long streamId, ulong offset, byte* data, nuint length, void* userData, void* streamUserData)
        => Guard(Self(userData), (flags, streamId, (nint)data, (int)length), static (self, e) =>
        {
            var (flags, streamId, data, length) = e;
            if (self._streams.TryGetValue(streamId, out var stream))
            {
                stream.Receive(new ReadOnlySpan<byte>((void*)data, length), (flags & Interop.Ngtcp2.StreamDataFlagFin) != 0);
                self.Touch(stream);
                stream.Readable = true;
            }

            return 0;
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnAckedStreamDataOffset(
        nint connection, long streamId, ulong offset, ulong length, void* userData, void* streamUserData)
        => Guard(Self(userData), (streamId, End: (long)(offset + length)), static (self, e) =>
        {
            if (self._streams.TryGetValue(e.streamId, out var stream))
            {
                stream.Acknowledge(e.End);
                self.Touch(stream);
                stream.Acknowledged = true;
            }

            return 0;
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnStreamOpen(nint connection, long streamId, void* userData)
        => Guard(Self(userData), streamId, static (self, streamId) =>
        {
            // A server has credit for some that nobody wants; see AccompanyPathResponse.
            if (IsUnidirectional(streamId) && self._streams.Keys.Count(id => IsUnidirectional(id) && self.IsRemote(id)) >= self._settings.MaxUnidirectionalStreams)
            {
                return self.Refuse(
                    ProtocolViolation,
                    self._settings.MaxUnidirectionalStreams == 0 ? "unidirectional streams are not used" : "more unidirectional streams than are taken");
            }

            self._events.Enqueue(new ConnectionEvent.StreamAccepted(self.AddStream(streamId)));
            return 0;
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnStreamClose(
        nint connection, uint flags, long streamId, ulong errorCode, void* userData, void* streamUserData)
        => Guard(Self(userData), streamId, static (self, streamId) =>
        {
            if (self._streams.Remove(streamId, out var stream))
            {
                self._closedStreams.Add(stream);
            }

            return 0;
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnStreamReset(
        nint connection, long streamId, ulong finalSize, ulong errorCode, void* userData, void* streamUserData)
        => Guard(Self(userData), (streamId, errorCode), static (self, e) =>
        {
            if (self._streams.TryGetValue(e.streamId, out var stream))
            {
                stream.ReceiveReset(e.errorCode);
                self.Touch(stream);
                stream.Readable = true;
            }

            return 0;
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnStatelessReset(nint connection, void* reset, void* userData)
    {
        Self(userData)._statelessReset = true;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnExtendMaxLocalStreams(nint connection, ulong maxStreams, void* userData)
        => Guard(Self(userData), 0, static (self, _) =>
        {
            self._events.Enqueue(new ConnectionEvent.StreamsAvailable());
            return 0;
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnRand(byte* destination, nuint length, void* context)
        => RandomNumberGenerator.Fill(new Span<byte>(destination, (int)length));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnGetNewConnectionId(nint connection, Interop.Ngtcp2.Cid* id, byte* token, nuint length, void* userData)
        => Guard(Self(userData), (Id: (nint)id, Token: (nint)token, Length: (int)length), static (self, e) =>
        {
            var id = (Interop.Ngtcp2.Cid*)e.Id;
            var token = (byte*)e.Token;
            Span<byte> bytes = stackalloc byte[e.Length];
            self._ids.Ids.Mint(bytes);
            *id = Interop.Ngtcp2.Cid.From(bytes);
            self.WriteResetToken(id, token);
            self.AddId(bytes);
            return 0;
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnRemoveConnectionId(nint connection, Interop.Ngtcp2.Cid* id, void* userData)
        => Guard(Self(userData), id->Bytes, static (self, id) =>
        {
            var key = new WireConnectionId(id);
            self._ownIds.RemoveAll(own => own.Id == key);
            self._ids.Remove(key);
            return 0;
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnGetPathChallengeData(nint connection, byte* data, void* userData)
        => Guard(Self(userData), (nint)data, static (self, data) =>
        {
            RandomNumberGenerator.Fill(new Span<byte>((void*)data, 8));
            self._challengeWritten = true;
            return 0;
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnPathValidation(
        nint connection, uint flags, Interop.Ngtcp2.Path* path, Interop.Ngtcp2.Path* oldPath, int result, void* userData)
        => Guard(Self(userData), (Path: NativePath.Read(path), Succeeded: result == Interop.Ngtcp2.PathValidationSuccess, flags), static (self, e) =>
        {
            if (!self._isServer)
            {
                self._probed.Add((e.Path, e.Succeeded));
            }
            else if (e.Succeeded)
            {
                // That ngtcp2 gives a path up concludes nothing: the peer may yet be heard from it, or from the one before.
                self._validations.Add(e.Path);
                if ((e.flags & Interop.Ngtcp2.PathValidationFlagNewToken) != 0)
                {
                    self._newTokenFor = e.Path.Remote;
                }
            }

            return 0;
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnReceiveNewToken(nint connection, byte* token, nuint length, void* userData)
        => Guard(Self(userData), new ReadOnlySpan<byte>(token, (int)length), static (self, token) =>
        {
            if (self._settings.Memory is { } memory)
            {
                memory.Cache.KeepToken(memory.Key, token);
            }

            return 0;
        });

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
            self._trustProblem = ((ServerTrust.Pinned)self._settings.Trust!).FindProblem(der, self._now.Time);
        }
        catch (Exception e)
        {
            self._trustProblem = $"the server's certificate cannot be read: {e.Message}";
        }

        return self._trustProblem is null ? 0 : Gnutls.ErrorCertificate;
    }

    // Why the server is not trusted, where that is what ended the handshake: all that is wrong, as far as GnuTLS looks.
    private string? DescribeTrustProblem()
    {
        if (_trustProblem is not null || _settings.Trust is not { Host.Length: > 0 } trust)
        {
            return _trustProblem;
        }

        // All bits are set while nothing has been verified.
        var status = Gnutls.SessionGetVerificationStatus(_handle!.Session);
        if (status is 0 or uint.MaxValue)
        {
            return null;
        }

        List<string> problems = [];
        Note(Gnutls.CertificateUnexpectedOwner, $"is not for '{trust.Host}'");
        Note(Gnutls.CertificateSignerNotFound | Gnutls.CertificateSignatureFailure, $"is not signed by {trust.Authorities}");
        Note(Gnutls.CertificateSignerNotAuthority | Gnutls.CertificateSignerConstraints, "is signed by one that may not sign it");
        Note(Gnutls.CertificateExpired, "has expired");
        Note(Gnutls.CertificateNotActivated, "is not valid yet");
        Note(Gnutls.CertificatePurposeMismatch, "is not for servers (its extended key usage)");
        Note(Gnutls.CertificateInsecureAlgorithm, "is signed with an algorithm that is broken");
        return problems.Count > 0
            ? $"the server's certificate {string.Join(", ", problems)}"
            : $"the server's certificate is not trusted (GnuTLS verification status 0x{status:x})";

        void Note(uint flags, string problem)
        {
            if ((status & flags) != 0)
            {
                problems.Add(problem);
            }
        }
    }
}
