using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using QuicChat.Quic.Ngtcp2.Core;

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

    public static bool HandshakeCompleted(this ConnectionCore core) => Connection(core) != 0 && GetHandshakeCompleted(Connection(core)) != 0;

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_connection")]
    private static extern ref nint Connection(ConnectionCore core);

    [LibraryImport("libngtcp2.so.16", EntryPoint = "ngtcp2_conn_submit_crypto_data")]
    private static partial int SubmitCryptoData(nint connection, int level, byte* data, nuint length);

    [LibraryImport("libngtcp2.so.16", EntryPoint = "ngtcp2_conn_get_handshake_completed")]
    private static partial int GetHandshakeCompleted(nint connection);
}
