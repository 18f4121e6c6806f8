using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace QuicChat.Quic.Tests.Simulation;

/// <summary>A client or server that speaks plain UDP and keeps what it gets, in order. Its datagrams carry a number and padding.</summary>
internal sealed class UdpPeer : IAsyncDisposable
{
    public const int DatagramBytes = 100;

    private readonly Socket _socket;
    private readonly Channel<(IPEndPoint Sender, int Number)> _received = Channel.CreateUnbounded<(IPEndPoint, int)>();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;

    public UdpPeer(IPAddress address)
    {
        _socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 * 1024 * 1024 };
        _socket.Bind(new IPEndPoint(address, 0));
        EndPoint = (IPEndPoint)_socket.LocalEndPoint!;
        _reading = Task.Run(ReadAsync);
    }

    public IPEndPoint EndPoint { get; }

    public void Send(int number, IPEndPoint to, int bytes = DatagramBytes)
    {
        var datagram = new byte[bytes];
        BitConverter.TryWriteBytes(datagram, number);
        _socket.SendTo(datagram, to);
    }

    public Task<(IPEndPoint Sender, int Number)> ReceiveAsync(string what = "a datagram")
        => _received.Reader.ReadAsync().AsTask().Soon(what);

    public async Task<List<int>> ReceiveNumbersAsync(int count)
    {
        var numbers = new List<int>(count);
        while (numbers.Count < count)
        {
            numbers.Add((await ReceiveAsync($"datagram {numbers.Count + 1} of {count}")).Number);
        }

        return numbers;
    }

    public bool HasReceived => _received.Reader.TryPeek(out _);

    public async ValueTask DisposeAsync()
    {
        if (!_reading.IsCompleted)
        {
            await _stop.CancelAsync();
            await _reading;
            _socket.Dispose();
            _stop.Dispose();
        }
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[65_527];
        var any = new IPEndPoint(_socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        try
        {
            while (true)
            {
                var result = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, any, _stop.Token);
                _received.Writer.TryWrite(((IPEndPoint)result.RemoteEndPoint, BitConverter.ToInt32(buffer)));
            }
        }
        catch (OperationCanceledException)
        {
            _received.Writer.Complete();
        }
    }
}
