using System.Net.Quic;
using System.Numerics;
using System.Runtime.Versioning;

namespace QuicChat.Quic.SystemNet;

/// <summary>Receive windows as MsQuic takes them.</summary>
[SupportedOSPlatform("windows")]
[SupportedOSPlatform("linux")]
[SupportedOSPlatform("macos")]
internal static class ReceiveWindows
{
    // MsQuic's smallest buffer.
    private const int Smallest = 4096;

    /// <summary>The windows, each the next smaller power of two: MsQuic has no others.</summary>
    public static QuicReceiveWindowSizes Of(int stream, int connection)
    {
        var size = PowerOfTwo(stream);
        return new QuicReceiveWindowSizes
        {
            Connection = PowerOfTwo(connection),
            LocallyInitiatedBidirectionalStream = size,
            RemotelyInitiatedBidirectionalStream = size,
            UnidirectionalStream = Smallest,
        };
    }

    private static int PowerOfTwo(int size) => Math.Max(Smallest, 1 << BitOperations.Log2((uint)size));
}
