using System.Net;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Driver;

namespace QuicChat.Quic.Ngtcp2.Tests.Support;

internal static class Listeners
{
    public static QuicListenerOptions Options => new() { Certificate = EchoServer.Certificate };

    public static async Task<Ngtcp2Listener> BindAsync(QuicListenerOptions? options = null, IPEndPoint? endPoint = null)
        => (Ngtcp2Listener)await QuicEngine.CreateListenerFactory(QuicEngineKind.Ngtcp2, options ?? Options)
            .BindAsync(endPoint ?? new IPEndPoint(IPAddress.IPv6Any, 0));

    /// <summary>Where a client on this machine reaches the listener.</summary>
    public static IPEndPoint Loopback(this Ngtcp2Listener listener) => new(IPAddress.Loopback, ((IPEndPoint)listener.EndPoint).Port);
}
