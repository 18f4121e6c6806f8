using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Ngtcp2.Driver;

namespace QuicChat.Quic.Ngtcp2.Tests.Support;

internal static class ListenerExtensions
{
    public static Ngtcp2Listener Ngtcp2(this IMultiplexedConnectionListener listener) => (Ngtcp2Listener)listener;
}
