using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Driver;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Tests.Support;

/// <summary>A router between one client and a server that keeps what an IP header says of congestion, and passes no datagram above a size.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly EventLoop _loop = new("relay", NullLogger.Instance);
    private readonly UdpSocket _clientSide = UdpSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly UdpSocket _serverSide = UdpSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly ConcurrentQueue<Datagram> _seen = [];
    private FourTuple _client;

    /// <summary>What came, whether or not it has passed.</summary>
    public sealed record Datagram(bool ToServer, int Length, Ecn Ecn);

    public Relay(IPEndPoint server)
    {
        var toServer = new FourTuple(UdpAddress.From(new IPEndPoint(IPAddress.Loopback, _serverSide.LocalPort)), UdpAddress.From(server));
        _clientSide.Handler = new Handler((datagram, in path, ecn) =>
        {
            _client = path;
            Pass(_serverSide, datagram, toServer, new Datagram(true, datagram.Length, ecn));
        });
        _serverSide.Handler = new Handler((datagram, in _, ecn) => Pass(_clientSide, datagram, _client, new Datagram(false, datagram.Length, ecn)));
        EndPoint = new IPEndPoint(IPAddress.Loopback, _clientSide.LocalPort);
        _loop.Post(() =>
        {
            _loop.Add(_clientSide);
            _loop.Add(_serverSide);
        });
    }

    /// <summary>Where clients connect to.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>The largest datagram that passes.</summary>
    public int MaxLength { get; set; } = int.MaxValue;

    public IReadOnlyList<Datagram> Seen => [.. _seen];

    public async ValueTask DisposeAsync()
    {
        _loop.Post(() =>
        {
            _loop.Remove(_clientSide);
            _loop.Remove(_serverSide);
        });
        _loop.Post(_loop.Stop);
        await _loop.Ended.Within("the relay to end");
    }

    private void Pass(UdpSocket socket, ReadOnlySpan<byte> datagram, in FourTuple path, Datagram seen)
    {
        _seen.Enqueue(seen);
        if (seen.Length <= MaxLength)
        {
            _ = socket.TrySend(datagram, path, seen.Ecn);
        }
    }

    private delegate void OnDatagram(ReadOnlySpan<byte> datagram, in FourTuple path, Ecn ecn);

    private sealed class Handler(OnDatagram handle) : IDatagramHandler
    {
        void IDatagramHandler.OnDatagram(ReadOnlySpan<byte> datagram, in FourTuple path, Ecn ecn, Instant now) => handle(datagram, path, ecn);
    }
}
