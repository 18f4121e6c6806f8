using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Driver;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Ngtcp2.Tests.Support;

namespace QuicChat.Fuzz.Targets;

/// <summary>
/// Datagrams to a listener that serves: any bytes, first packets around any frames, and packets to a connection that lives. Its thread goes on, and so does
/// that connection: nobody without its keys can end it (RFC 9000, section 21.1).
/// </summary>
internal sealed class ListenerTarget : IFuzzTarget
{
    private const int MaxDatagrams = 16;
    private const int MinInitial = 1200;
    private const int MaxInitials = 4;
    private const int MaxConnects = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    // Few of the connections that inputs begin are then there at once, so that the listener goes on taking more.
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromMilliseconds(200);

    private readonly Ngtcp2Listener _listener;
    private readonly EventLoop _loop;
    private readonly MultiplexedConnectionContext _client;
    private readonly MultiplexedConnectionContext _server;
    private readonly ConnectionIdTable _ids;
    private readonly ConnectionCore _core;
    private readonly byte[] _hello;
    private readonly Socket[] _sources = [.. Enumerable.Range(1, 4).Select(Bound)];
    private uint _connections;

    public ListenerTarget()
    {
        NativeLibraries.EnsureLoaded();
        _hello = CaptureHello();
        var options = new QuicListenerOptions { Certificate = EchoServer.Certificate, ServerId = 7, HandshakeTimeout = HandshakeTimeout, Retry = RetryPolicy.Never };
        _listener = new Ngtcp2Listener(new IPEndPoint(IPAddress.Loopback, 0), options, NullLogger.Instance);
        _loop = Loop(_listener);
        var factory = QuicEngine.CreateConnectionFactory(
            QuicEngineKind.Ngtcp2, new QuicClientOptions { Trust = Clients.Trust, KeepAliveInterval = TimeSpan.FromSeconds(5), HandshakeTimeout = TimeSpan.FromSeconds(1) });
        (_client, _server) = Connect(factory);
        _ids = Ids(_listener);
        _core = Connections(_ids).Values.First();
    }

    public IEnumerable<byte[]> Seeds =>
    [
        [0, 0, 40, 0xc0, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0x44, 0xb0],
        [0, 1, 30, 0x9a, 1, 2, 3, 4, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0],
        [1, 0, 0],
        [1, 0, 4, 0, 60, 0, 0xff],
        [2, 0, 60, 0x06, 0x00, 0x40, 0x20, 0x01, 0x00, 0x00, 0x1c, 0x03, 0x03, .. new byte[40]],
        [2, 0, 20, 0x1c, 0x01, 0x00, 0x00, 0x02, 0x40, 0x00, 0x01],
        [3, 0, 30, 0x40, 1, 2, 3, 4, 5, 6],
        [3, 1, 30, 0xe0, 1, 2, 3, 4, 5, 6, 3, 2, 30, 0x40, 0xff],
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        var bytes = input.ToArray();
        List<(byte[] Datagram, int Source)> datagrams = [];
        OnLoop(() => datagrams = Build(bytes));
        foreach (var (datagram, source) in datagrams)
        {
            _sources[source % _sources.Length].SendTo(datagram, _listener.EndPoint);
        }

        // A turn of the loop receives before it acts. The first one may have begun before the datagrams came.
        OnLoop(() => { });
        OnLoop(() => { });
        foreach (var end in (MultiplexedConnectionContext[])[_client, _server])
        {
            var closed = end.Features.Get<IConnectionCloseFeature>()!.Closed;
            FindingException.ThrowUnless(!closed.IsCompleted, "A connection that somebody else's datagrams named has ended.");
        }
    }

    public void Dispose()
    {
        _client.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _server.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _listener.DisposeAsync().AsTask().GetAwaiter().GetResult();
        foreach (var source in _sources)
        {
            source.Dispose();
        }
    }

    // Nobody reads the answers.
    private static Socket Bound(int address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(new IPAddress([127, 0, 1, (byte)address]), 0));
        return socket;
    }

    // On a busy machine even an honest handshake may take longer than it has.
    private (MultiplexedConnectionContext Client, MultiplexedConnectionContext Server) Connect(IMultiplexedConnectionFactory factory)
    {
        var accepting = _listener.AcceptAsync().AsTask();
        for (var i = 0; i < MaxConnects; i++)
        {
            try
            {
                var client = factory.ConnectAsync(_listener.EndPoint).AsTask().GetAwaiter().GetResult();
                if (accepting.Wait(2 * HandshakeTimeout))
                {
                    return (client, accepting.Result!);
                }

                client.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
            catch (QuicConnectionClosedException)
            {
                // The next one may be quicker.
            }
        }

        throw new TimeoutException($"No handshake of {MaxConnects} was done within {HandshakeTimeout.TotalMilliseconds} ms.");
    }

    private void OnLoop(Action action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(() =>
        {
            action();
            done.SetResult();
        });
        done.Task.WaitAsync(Limit).GetAwaiter().GetResult();
    }

    private List<(byte[] Datagram, int Source)> Build(ReadOnlySpan<byte> input)
    {
        var datagrams = new List<(byte[] Datagram, int Source)>();
        var choices = new FuzzInput(input);
        var initials = 0;
        for (var i = 0; i < MaxDatagrams && !choices.IsEmpty; i++)
        {
            var (kind, choice) = (choices.Byte() % 4, choices.Byte());
            var bytes = choices.Bytes(choices.Byte());
            if (kind is 1 or 2 && ++initials > MaxInitials)
            {
                continue;
            }

            datagrams.Add((kind switch
            {
                0 => Padded(bytes, choice),
                1 => Initial(choice, EditHello(bytes)),
                2 => Initial(choice, bytes),
                _ => ToLiving(bytes, choice),
            }, choice >> 4));
        }

        return datagrams;
    }

    private static byte[] CaptureHello()
    {
        using var link = new CoreLink();
        var first = Array.Empty<byte>();
        link.Wire = (toServer, datagram) =>
        {
            first = toServer && first.Length == 0 ? datagram : first;
            return [];
        };
        link.RunFor(TimeSpan.Zero);
        return SealedInitial.Open(first);
    }

    // Bytes that stand where they stand, so that those after them keep their meaning.
    private byte[] EditHello(ReadOnlySpan<byte> edits)
    {
        var payload = (byte[])_hello.Clone();
        while (edits.Length >= 3)
        {
            payload[((edits[0] << 8) | edits[1]) % payload.Length] ^= edits[2];
            edits = edits[3..];
        }

        return payload;
    }

    private byte[] Initial(byte choice, ReadOnlySpan<byte> payload)
    {
        // With the lowest bit it is another packet of the connection before it.
        _connections += (choice & 1) == 0 ? 1u : 0;
        byte[] dcid = [1, 2, 3, 4, .. BitConverter.GetBytes(_connections)];
        var padded = new byte[Math.Max(payload.Length, (choice & 2) == 0 ? MinInitial : 4)];
        payload.CopyTo(padded);
        using var keys = new SealedInitial(dcid);
        return keys.Seal([9, 9, 9, 9], (uint)(choice >> 2), padded);
    }

    private static byte[] Padded(ReadOnlySpan<byte> bytes, byte choice)
    {
        var datagram = new byte[(choice & 1) == 0 ? bytes.Length : MinInitial];
        bytes.CopyTo(datagram);
        return datagram;
    }

    // A header of the input's, with an ID of the connection that lives.
    private byte[] ToLiving(ReadOnlySpan<byte> bytes, byte choice)
    {
        // Those of the connection that lives, and one of any that begins.
        var ids = Connections(_ids).Where(entry => entry.Value == _core).Select(entry => entry.Key).ToList();
        ids.Add(Connections(_ids).Keys.Last());
        var key = ids[(choice >> 1) % ids.Count];
        var id = MemoryMarshal.AsBytes(new ReadOnlySpan<WireConnectionId>(in key))[..Length(ref key)];
        return (choice & 1) == 0
            ? [(byte)((bytes.IsEmpty ? 0 : bytes[0]) & 0x7f), .. id, .. bytes]
            : [(byte)((bytes.IsEmpty ? 0 : bytes[0]) | 0x80), 0, 0, 0, 1, (byte)id.Length, .. id, .. bytes];
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_ids")]
    private static extern ref ConnectionIdTable Ids(Ngtcp2Listener listener);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_connections")]
    private static extern ref Dictionary<WireConnectionId, ConnectionCore> Connections(ConnectionIdTable table);

    // Its bytes stand first.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_length")]
    private static extern ref byte Length(ref WireConnectionId id);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_loop")]
    private static extern ref EventLoop Loop(Ngtcp2Listener listener);
}
