using System.Net;
using System.Threading.Channels;

namespace QuicChat.Quic.Simulation;

/// <summary>A socket that belongs to no client, for datagrams from a foreign address. The simulator that opened it closes it.</summary>
public sealed class ForeignSource
{
    /// <summary>How many answers are kept for a reader; newer ones push out older ones.</summary>
    private const int MaxAnswers = 256;

    private readonly SocketAddress _server;
    private readonly Channel<byte[]> _answers = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(MaxAnswers) { FullMode = BoundedChannelFullMode.DropOldest, SingleWriter = true });

    internal ForeignSource(UdpPort port, IPEndPoint server)
    {
        Port = port;
        _server = server.Serialize();
        port.Start((_, datagram) => _answers.Writer.TryWrite(datagram.ToArray()));
    }

    /// <summary>The end point that the server sees.</summary>
    public IPEndPoint LocalEndPoint => Port.LocalEndPoint;

    /// <summary>What came back to it, the newest 256 datagrams.</summary>
    public ChannelReader<byte[]> Answers => _answers.Reader;

    internal UdpPort Port { get; }

    /// <summary>Sends a datagram to the server, past all links.</summary>
    /// <returns>Whether the system took it.</returns>
    /// <exception cref="ObjectDisposedException">The simulator is disposed.</exception>
    public bool Send(ReadOnlySpan<byte> datagram) => Port.TrySend(datagram, _server);

    internal void Close()
    {
        Port.Close();
        _answers.Writer.TryComplete();
    }
}
