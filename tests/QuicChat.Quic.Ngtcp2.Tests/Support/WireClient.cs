using System.Net;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Support;

/// <summary>A client whose every datagram a test sends by hand, to any server and from any address. Its time goes on with what it is sent.</summary>
internal sealed class WireClient : IDisposable
{
    // So that pacing holds nothing back; far less than what is waited for before a packet is sent again.
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(5);

    private readonly Queue<byte[]> _flight = [];
    private readonly CoreLink _link;
    private readonly ServerMemory _memory;
    private readonly byte[] _id;
    private byte[]? _token;

    /// <param name="token">The token that its first packet brings.</param>
    public WireClient(ReadOnlySpan<byte> token = default)
    {
        var settings = CoreLink.NewClientSettings();
        _memory = settings.Memory!;
        _memory.Cache.KeepToken(_memory.Key, token);
        _link = new CoreLink(settings)
        {
            Wire = (_, datagram) =>
            {
                _flight.Enqueue(datagram);
                return [];
            },
        };
        _link.RunFor(TimeSpan.Zero);
        _id = Datagrams.ReadLongHeader(_flight.Peek()).Scid;
    }

    public ConnectionClosure? Closure => _link.Client.Closure;

    /// <summary>The token that the server gave it for its next connection.</summary>
    public byte[]? TakeToken() => _token ??= _memory.Cache.TakeToken(_memory.Key);

    /// <summary>The datagrams that are due.</summary>
    public List<byte[]> TakeFlight()
    {
        List<byte[]> flight = [.. _flight];
        _flight.Clear();
        return flight;
    }

    /// <summary>Sends what is due and takes one answer.</summary>
    public async Task<byte[]> ExchangeAsync(RawUdp socket, IPEndPoint server)
    {
        TakeFlight().ForEach(datagram => socket.Send(datagram, server));
        return await TakeAnswerAsync(socket);
    }

    /// <summary>Takes one answer. What is late for other clients of the socket is passed over.</summary>
    public async Task<byte[]> TakeAnswerAsync(RawUdp socket)
    {
        byte[] answer;
        do
        {
            (answer, _) = await socket.ReceiveAsync("the server's answer");
        }
        while (!answer.AsSpan((answer[0] & 0x80) == 0 ? 1 : 6).StartsWith(_id));
        _link.Deliver(toServer: false, answer);
        _link.RunFor(Step);
        return answer;
    }

    /// <summary>Goes on until the handshake is over and a token has come, or the server has refused.</summary>
    public async Task<bool> CompleteAsync(RawUdp socket, IPEndPoint server)
    {
        while (Closure is null && !(_link.Client.Completed && TakeToken() is not null))
        {
            await ExchangeAsync(socket, server);
        }

        TakeFlight().ForEach(datagram => socket.Send(datagram, server));
        return _link.Client.Completed;
    }

    /// <summary>Gets a Retry, and returns the datagram that follows it.</summary>
    public async Task<byte[]> FollowRetryAsync(RawUdp socket, IPEndPoint server)
    {
        Assert.True(Datagrams.IsRetry(await ExchangeAsync(socket, server)), "The answer is no Retry.");
        return Assert.Single(TakeFlight());
    }

    /// <summary>Sends a datagram, and fails unless the server refuses it with INVALID_TOKEN (RFC 9000, section 20.1).</summary>
    public async Task AssertInvalidTokenAsync(byte[] datagram, RawUdp socket, IPEndPoint server)
    {
        socket.Send(datagram, server);
        await TakeAnswerAsync(socket);
        Assert.Equal((ConnectionCloseOrigin.Peer, (ulong?)0xb), (Closure?.Origin, Closure?.TransportErrorCode));
    }

    public void Dispose() => _link.Dispose();
}
