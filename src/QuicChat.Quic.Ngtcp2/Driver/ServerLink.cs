using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Paths;
using QuicChat.Quic.Routing;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>
/// Hands clients' datagrams to the server of their connection, and sends what that server answers. A datagram goes over one link at most: what arrives by one is for a
/// connection of this server, or for nobody.
/// </summary>
internal sealed class ServerLink : IDatagramHandler, IDisposable
{
    private readonly ServerPool _pool;
    private readonly RejectionLog _rejected;
    private readonly UdpSocket _socket;
    private readonly UdpAddress _local;
    private readonly DatagramTaken _taken;
    private readonly DatagramReturned _returned;
    private readonly byte[] _buffer = new byte[ConnectionCore.MaxDatagramSize + LinkFrame.Overhead];
    private readonly Dictionary<PoolSecret, AesGcm> _seals = [];

    // Under one key, which lives long, no nonce may come twice: the life of a process is told by the first 6 bytes, the frame in it by the others.
    private readonly byte[] _nonce = RandomNumberGenerator.GetBytes(LinkFrame.NonceLength);
    private long _frames;

    /// <summary>Takes a client's datagram that another server handed on.</summary>
    public delegate void DatagramTaken(ReadOnlySpan<byte> datagram, in FourTuple path, Instant now);

    /// <summary>Sends a datagram to a client for another server.</summary>
    public delegate void DatagramReturned(ReadOnlySpan<byte> datagram, in FourTuple path);

    /// <exception cref="ServerLinkException">Where others are to be listened for, they cannot be.</exception>
    public ServerLink(ServerPool pool, RejectionLog rejected, DatagramTaken taken, DatagramReturned returned)
    {
        _pool = pool;
        _rejected = rejected;
        _taken = taken;
        _returned = returned;
        _socket = Listen(pool.Link);
        _socket.Handler = this;
        _local = UdpAddress.From(new IPEndPoint(pool.Link.Address, _socket.LocalPort));
        pool.LinkEndPoint = _local.ToEndPoint();
    }

    public UdpSocket Socket => _socket;

    /// <summary>Hands a client's datagram to the server of its connection.</summary>
    /// <returns>Whether that server is known.</returns>
    public bool TryHandOn(ReadOnlySpan<byte> datagram, in FourTuple path, uint server)
    {
        if (!Send(LinkFrame.ToOwner, datagram, path, server))
        {
            return false;
        }

        _pool.CountHandedOn();
        return true;
    }

    /// <summary>Has the server that a client speaks to send it a datagram. What cannot be sent counts as lost on the way.</summary>
    public void Return(ReadOnlySpan<byte> datagram, in FourTuple path) => Send(LinkFrame.ToIngress, datagram, path, path.Ingress);

    public void OnDatagram(ReadOnlySpan<byte> frame, in FourTuple path, Ecn ecn, Instant now)
    {
        if (_pool.View is not { } view
            || frame.Length > _buffer.Length
            || !LinkFrame.TryReadHeader(frame, out var header)
            || header.Sender == view.ServerId
            || !view.Peers.ContainsKey(header.Sender)
            || !TryOpen(frame, view, header, out var clientPath, out var datagram))
        {
            _rejected.Add(RejectionReason.Link, path.Remote, now.Elapsed);
            return;
        }

        if (header.Kind == LinkFrame.ToOwner)
        {
            _taken(datagram, clientPath with { Ingress = header.Sender }, now);
        }
        else
        {
            _pool.CountReturned();
            _returned(datagram, clientPath);
        }
    }

    /// <summary>Ends what the loop does not.</summary>
    public void Dispose()
    {
        foreach (var seal in _seals.Values)
        {
            seal.Dispose();
        }
    }

    private bool TryOpen(ReadOnlySpan<byte> frame, PoolView view, LinkFrame.Header header, out FourTuple path, out ReadOnlySpan<byte> datagram)
    {
        path = default;
        datagram = default;
        foreach (var secret in view.Secrets)
        {
            if (secret.ConfigurationId == header.ConfigurationId && LinkFrame.TryOpen(frame, Seal(secret), _buffer, out path, out datagram))
            {
                return true;
            }
        }

        return false;
    }

    private bool Send(byte kind, ReadOnlySpan<byte> datagram, in FourTuple path, uint server)
    {
        if (_pool.View is not { } view || !view.Peers.TryGetValue(server, out var peer) || datagram.Length > ConnectionCore.MaxDatagramSize)
        {
            return false;
        }

        // The oldest: a new one may not have come to all servers yet.
        var secret = view.Secrets[^1];
        BinaryPrimitives.WriteUInt16BigEndian(_nonce.AsSpan(6), (ushort)(++_frames >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(_nonce.AsSpan(8), (uint)_frames);
        var header = new LinkFrame.Header(kind, secret.ConfigurationId, view.ServerId);
        var length = LinkFrame.Write(_buffer, header, _nonce, path, datagram, Seal(secret));
        _ = _socket.TrySend(_buffer.AsSpan(0, length), new FourTuple(_local, UdpAddress.From(peer)));
        return true;
    }

    private static UdpSocket Listen(IPEndPoint endPoint)
    {
        try
        {
            return UdpSocket.Listen(endPoint);
        }
        catch (Exception e) when (e is AddressInUseException or SocketException)
        {
            // Else nobody could tell it from the port of clients.
            throw new ServerLinkException(endPoint, e);
        }
    }

    private AesGcm Seal(PoolSecret secret)
    {
        if (!_seals.TryGetValue(secret, out var seal))
        {
            foreach (var (former, unused) in _seals.Where(item => _pool.View?.Secrets.Contains(item.Key) != true).ToList())
            {
                _seals.Remove(former);
                unused.Dispose();
            }

            seal = LinkFrame.CreateSeal(secret);
            _seals.Add(secret, seal);
        }

        return seal;
    }
}
