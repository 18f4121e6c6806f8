using System.Net;
using System.Net.Sockets;

using Microsoft.Extensions.Logging;

namespace QuicChat.Quic.Simulation;

/// <summary>A bound UDP socket and the loop that reads it.</summary>
internal sealed partial class UdpPort
{
    /// <summary>The largest UDP payload.</summary>
    private const int MaxDatagramBytes = 65_527;

    /// <summary>After so many datagrams without a wait the loop lets others have its thread: few threads serve many sockets.</summary>
    private const int ReceivesBeforeYield = 64;

    private readonly Socket _socket;
    private readonly ILogger _logger;
    private volatile bool _closed;

    /// <summary>Binds a socket.</summary>
    /// <exception cref="SocketException">The end point cannot be bound.</exception>
    public UdpPort(IPEndPoint local, int bufferBytes, ILogger logger)
    {
        _logger = logger;
        _socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                // Without this, an ICMP "port unreachable" of one peer ends the next receive of all.
                const int SioUdpConnReset = unchecked((int)0x9800000C);
                _socket.IOControl(SioUdpConnReset, [0, 0, 0, 0], null);
            }

            _socket.SendBufferSize = bufferBytes;
            _socket.ReceiveBufferSize = bufferBytes;
            _socket.Bind(local);
            LocalEndPoint = (IPEndPoint)_socket.LocalEndPoint!;
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>Takes a datagram and its sender; both are valid during the call only.</summary>
    public delegate void Receiver(SocketAddress sender, ReadOnlySpan<byte> datagram);

    /// <summary>The address and port that it is bound to.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Completes when the loop has ended after <see cref="Close"/>.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Begins to read; called once.</summary>
    public void Start(Receiver receiver) => Completion = Task.Run(() => ReceiveAsync(receiver));

    /// <summary>
    /// Sends a datagram; false where the system refuses it. It does not wait: on loopback the datagram is in the receiver's buffer, or dropped, on return.
    /// </summary>
    public bool TrySend(ReadOnlySpan<byte> datagram, SocketAddress to)
    {
        try
        {
            return _socket.SendTo(datagram, SocketFlags.None, to) == datagram.Length;
        }
        catch (SocketException e)
        {
            LogSendFailed(LocalEndPoint, datagram.Length, e.SocketErrorCode);
            return false;
        }
    }

    /// <summary>Closes the socket; the loop ends.</summary>
    public void Close()
    {
        _closed = true;
        _socket.Dispose();
    }

    private async Task ReceiveAsync(Receiver receiver)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(MaxDatagramBytes);
        var sender = new SocketAddress(_socket.AddressFamily);
        var withoutWait = 0;
        while (!_closed)
        {
            int length;
            try
            {
                var receive = _socket.ReceiveFromAsync(buffer, SocketFlags.None, sender);
                withoutWait = receive.IsCompleted ? withoutWait + 1 : 0;
                length = await receive.ConfigureAwait(false);
            }
            catch (Exception e) when (_closed && e is SocketException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                LogReceiveFailed(LocalEndPoint, e.SocketErrorCode);
                await Task.Yield();
                continue;
            }

            receiver(sender, buffer.AsSpan(0, length));
            if (withoutWait == ReceivesBeforeYield)
            {
                withoutWait = 0;
                await Task.Yield();
            }
        }
    }

    [LoggerMessage(110, LogLevel.Debug, "{LocalEndPoint}: a datagram of {Bytes} bytes could not be sent: {Error}", EventName = "SendFailed")]
    private partial void LogSendFailed(IPEndPoint localEndPoint, int bytes, SocketError error);

    [LoggerMessage(111, LogLevel.Warning, "{LocalEndPoint}: receiving failed: {Error}", EventName = "ReceiveFailed")]
    private partial void LogReceiveFailed(IPEndPoint localEndPoint, SocketError error);
}
