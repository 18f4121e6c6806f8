using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Driver;
using QuicChat.Quic.Ngtcp2.Interop;

namespace QuicChat.Quic.Ngtcp2.Tests.Support;

/// <summary>Makes a peer do what no correct one does. For the thread of its driver.</summary>
internal static unsafe partial class Hostile
{
    /// <summary>Sends bytes of TLS that TLS did not make, in CRYPTO frames.</summary>
    public static void SendCrypto(this ConnectionCore core, int level, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* data = bytes)
        {
            var result = SubmitCryptoData(Connection(core), level, data, (nuint)bytes.Length);
            if (result != 0)
            {
                throw new InvalidOperationException($"ngtcp2 refuses the bytes: {result}.");
            }
        }
    }

    /// <summary>Opens a unidirectional stream, which no correct end of this protocol does. Needs the peer's credit.</summary>
    public static StreamCore OpenUnidirectionalStream(this ConnectionCore core)
    {
        long id;
        if (OpenUniStream(Connection(core), &id, null) is not 0 and var result)
        {
            throw new InvalidOperationException($"ngtcp2 opens no unidirectional stream: {result}.");
        }

        return core.Occupy(id);
    }

    /// <summary>Has the core know a stream that the library knows nothing of yet.</summary>
    public static StreamCore Occupy(this ConnectionCore core, long streamId)
    {
        var stream = new StreamCore(core, streamId, new PinnedBlockPool());
        Streams(core).Add(streamId, stream);
        return stream;
    }

    public static bool HandshakeCompleted(this ConnectionCore core) => Connection(core) != 0 && GetHandshakeCompleted(Connection(core)) != 0;

    /// <summary>Whether there is a TLS session still.</summary>
    public static bool HasTlsSession(this ConnectionCore core) => Handle(core).Session != 0;

    /// <summary>Begins a change of keys (RFC 9001, section 6).</summary>
    public static void UpdateKeys(this ConnectionCore core, TimeSpan now)
    {
        if (InitiateKeyUpdate(Connection(core), (ulong)now.Ticks * 100) is not 0 and var result)
        {
            throw new InvalidOperationException($"ngtcp2 does not change the keys: {result}.");
        }
    }

    /// <summary>Whether a server may send to the path in use as much as it likes.</summary>
    public static bool IsPathValidated(this ConnectionCore core) => Virtualizer(core).Allowance == long.MaxValue;

    /// <summary>The paths that a core keeps.</summary>
    public static int KnownPaths(this ConnectionCore core) => Virtualizer(core).Count;

    /// <summary>Fills a client's PATH_CHALLENGE packets up with more of these frames, where they had padding.</summary>
    public static void MultiplyChallenges(this ConnectionCore client)
    {
        // The library keeps its callbacks at the beginning of a connection's memory.
        var encrypt = NativeLibraries.Export(NativeLibraries.Ngtcp2CryptoGnutls, "ngtcp2_crypto_encrypt_cb");
        var words = new Span<nint>((void*)Connection(client), 128);
        words[words.IndexOf((nint)encrypt)] = (nint)(delegate* unmanaged[Cdecl]<byte*, void*, void*, byte*, nuint, byte*, nuint, byte*, nuint, int>)&EncryptMany;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int EncryptMany(
        byte* destination, void* aead, void* context, byte* plaintext, nuint length, byte* nonce, nuint nonceLength, byte* data, nuint dataLength)
    {
        const int FrameLength = 9;
        var text = new Span<byte>(plaintext, (int)length).ToArray();
        if (text.Length > FrameLength && text[0] == 0x1a)
        {
            for (var at = FrameLength; at + FrameLength <= text.Length && text.AsSpan(at, FrameLength).IndexOfAnyExcept((byte)0) < 0; at += FrameLength)
            {
                Random.Shared.NextBytes(text.AsSpan(at, FrameLength));
                text[at] = 0x1a;
            }
        }

        var encrypt = (delegate* unmanaged[Cdecl]<byte*, void*, void*, byte*, nuint, byte*, nuint, byte*, nuint, int>)NativeLibraries.Export(
            NativeLibraries.Ngtcp2CryptoGnutls, "ngtcp2_crypto_encrypt_cb");
        fixed (byte* altered = text)
        {
            return encrypt(destination, aead, context, altered, length, nonce, nonceLength, data, dataLength);
        }
    }

    /// <summary>The stateless reset token of one of a server's connection IDs.</summary>
    public static byte[] ResetToken(this ConnectionCore server, ReadOnlySpan<byte> id)
    {
        var token = new byte[16];
        var key = Ids(server).Ids.ResetKey(id);
        var cid = QuicChat.Quic.Ngtcp2.Interop.Ngtcp2.Cid.From(id);
        fixed (byte* bytes = token)
        fixed (byte* secret = key)
        {
            _ = QuicChat.Quic.Ngtcp2.Interop.Ngtcp2.GenerateStatelessResetToken(bytes, secret, (nuint)key.Length, &cid);
        }

        return token;
    }

    /// <summary>The core behind a connection; see <see cref="ConnectionCore.Request"/> for getting onto its thread.</summary>
    public static ConnectionCore Core(this MultiplexedConnectionContext connection) => Driver((Ngtcp2ConnectionContext)connection).Core;

    /// <summary>
    /// Makes a client's first flight larger than a datagram, by a key share of 1,024 bytes that the server then does not choose.
    /// </summary>
    public static void EnlargeClientHello(this ConnectionCore client)
    {
        nint priority;
        Gnutls.Check(
            Gnutls.PriorityInit(&priority, Gnutls.Priorities + ":-GROUP-ALL:+GROUP-X25519:+GROUP-FFDHE8192", null), "The priorities are not understood");
        Gnutls.Check(Gnutls.PrioritySet(Handle(client).Session, priority), "The priorities cannot be set");
        Gnutls.PriorityDeinit(priority);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_driver")]
    private static extern ref ConnectionDriver Driver(Ngtcp2ConnectionContext connection);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_handle")]
    private static extern ref ConnectionHandle Handle(ConnectionCore core);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_connection")]
    private static extern ref nint Connection(ConnectionCore core);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_ids")]
    private static extern ref ConnectionIdTable Ids(ConnectionCore core);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_virtualizer")]
    private static extern ref PathVirtualizer Virtualizer(ConnectionCore core);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_streams")]
    private static extern ref Dictionary<long, StreamCore> Streams(ConnectionCore core);

    [LibraryImport("libngtcp2.so.16", EntryPoint = "ngtcp2_conn_open_uni_stream")]
    private static partial int OpenUniStream(nint connection, long* streamId, void* streamUserData);

    [LibraryImport("libngtcp2.so.16", EntryPoint = "ngtcp2_conn_initiate_key_update")]
    private static partial int InitiateKeyUpdate(nint connection, ulong now);

    [LibraryImport("libngtcp2.so.16", EntryPoint = "ngtcp2_conn_submit_crypto_data")]
    private static partial int SubmitCryptoData(nint connection, int level, byte* data, nuint length);

    [LibraryImport("libngtcp2.so.16", EntryPoint = "ngtcp2_conn_get_handshake_completed")]
    private static partial int GetHandshakeCompleted(nint connection);
}
