using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace QuicChat.Quic.Ngtcp2.Tests.Support;

/// <summary>A relay between one client at a time and a server, which notes what passes. Each client end point is shown to the server by a socket of its own.</summary>
internal sealed class WireTap : IAsyncDisposable
{
    private readonly Socket _listening = Bind();
    private readonly IPEndPoint _server;
    private readonly ConcurrentDictionary<EndPoint, Socket> _upstream = [];
    private readonly ConcurrentBag<Task> _tasks = [];
    private readonly ConcurrentQueue<(bool ToServer, byte[] Datagram)> _seen = [];
    private readonly CancellationTokenSource _stopping = new();

    public WireTap(IPEndPoint server)
    {
        _server = server;
        EndPoint = (IPEndPoint)_listening.LocalEndPoint!;
        _tasks.Add(ToServerAsync());
    }

    /// <summary>Where clients connect to.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Whether a datagram is lost.</summary>
    public Func<bool, byte[], bool>? Loses { get; set; }

    /// <summary>The datagrams so far, in both directions.</summary>
    public IReadOnlyList<(bool ToServer, byte[] Datagram)> Seen => [.. _seen];

    /// <summary>How many Retry packets have passed.</summary>
    public int Retries => Seen.Count(seen => !seen.ToServer && Datagrams.IsRetry(seen.Datagram));

    /// <summary>The token of the first Initial packet of a client since <paramref name="after"/> datagrams; empty, it has none.</summary>
    public byte[] FirstToken(int after = 0)
        => Datagrams.TokenOf(Seen.Skip(after).First(seen => seen.ToServer && Datagrams.IsInitial(seen.Datagram)).Datagram);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_tasks);
        _listening.Dispose();
        foreach (var socket in _upstream.Values)
        {
            socket.Dispose();
        }

        _stopping.Dispose();
    }

    private static Socket Bind()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private Task ToServerAsync() => RelayAsync(_listening, async (datagram, from) =>
    {
        var socket = _upstream.GetOrAdd(from, client =>
        {
            var made = Bind();
            _tasks.Add(RelayAsync(made, async (answer, _) =>
            {
                if (Passes(toServer: false, answer))
                {
                    await _listening.SendToAsync(answer, client, _stopping.Token);
                }
            }));
            return made;
        });
        if (Passes(toServer: true, datagram))
        {
            await socket.SendToAsync(datagram, _server, _stopping.Token);
        }
    });

    private bool Passes(bool toServer, byte[] datagram)
    {
        _seen.Enqueue((toServer, datagram));
        return Loses?.Invoke(toServer, datagram) != true;
    }

    private async Task RelayAsync(Socket socket, Func<byte[], EndPoint, Task> forward)
    {
        var buffer = new byte[65536];
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _stopping.Token);
                await forward(buffer[..received.ReceivedBytes], received.RemoteEndPoint);
            }
            catch (SocketException)
            {
                // The other end's port is closed: the datagram before is lost.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
