using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using QuicChat.Gateway.Tests.Support;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;

namespace QuicChat.Gateway.Tests.Diagnostics;

/// <summary>What the engine does not take shows in the gateway's metrics.</summary>
public sealed class RejectionMetricsTests
{
    [Fact]
    public async Task What_arrives_and_is_not_taken_is_counted_by_reason()
    {
        Assert.SkipUnless(QuicEngine.Resolve(QuicEngineKind.Auto) == QuicEngineKind.Ngtcp2, "Only the engine 'ngtcp2' counts what it rejects.");
        using var metrics = new Metrics();
        var folder = Directory.CreateTempSubdirectory("quicchat-rejections-");
        try
        {
            var options = new QuicListenerOptions
            {
                Certificate = DevelopmentCertificate.Ensure(folder.FullName, TimeProvider.System),
                Rejections = metrics.Rejections,
            };
            await using var listener = await QuicEngine.CreateListenerFactory(QuicEngineKind.Ngtcp2, options, NullLoggerFactory.Instance)
                .BindAsync(new IPEndPoint(IPAddress.Loopback, 0));
            using var peer = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
            peer.Connect((IPEndPoint)listener.EndPoint);

            // Shorter than a short header; of no connection, three times; of an unknown version, which is answered.
            await peer.SendAsync(new byte[] { 0x40, 1, 2 });
            for (var i = 0; i < 3; i++)
            {
                await peer.SendAsync((byte[])[0x40, .. new byte[50]]);
            }

            await peer.SendAsync((byte[])[0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 0, 0, .. new byte[1200]]);
            await peer.ReceiveAsync().Within("Version Negotiation");

            metrics.Observe();
            Assert.Equal(1, metrics["quicchat.quic.rejected{reason=malformed}"]);
            Assert.Equal(3, metrics["quicchat.quic.rejected{reason=unknown_connection}"]);
            Assert.Equal(1, metrics["quicchat.quic.rejected{reason=version}"]);
            Assert.Equal(0, metrics["quicchat.quic.rejected{reason=undecryptable}"]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
