using System.Net;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Paths;
using Native = QuicChat.Quic.Ngtcp2.Interop.Ngtcp2;

namespace QuicChat.Benchmarks.Micro;

/// <summary>A client's and a server's core in one thread, without sockets; what one writes the other reads from the same memory.</summary>
internal sealed unsafe class CorePair : IDisposable
{
    private static readonly byte[] Protocol = "bench"u8.ToArray();
    private static readonly FourTuple ToServer = new(Address(40000), Address(4433));
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    private readonly ConnectionIdTable _ids = new(new PlainConnectionIds(1));
    private readonly ConnectionSettings _clientSettings;
    private readonly ConnectionSettings _serverSettings;
    private readonly byte[] _buffer = new byte[2048];
    private Instant _now = new(TimeSpan.FromHours(1), DateTimeOffset.UtcNow);
    private ConnectionCore? _server;
    private StreamCore? _accepted;

    public CorePair()
    {
        NativeLibraries.EnsureLoaded();
        var directory = Directory.CreateTempSubdirectory("quicchat-bench-certificate-");
        var certificate = DevelopmentCertificate.Ensure(directory.FullName, TimeProvider.System);
        directory.Delete(recursive: true);
        _clientSettings = new ConnectionSettings
        {
            Credentials = CredentialsHandle.ForClient(),
            ApplicationProtocol = Protocol,
            IdleTimeout = Timeout.InfiniteTimeSpan,
            HandshakeTimeout = TimeSpan.FromSeconds(10),
            KeepAliveInterval = Timeout.InfiniteTimeSpan,
            MigrationTimeout = QuicDefaults.MigrationTimeout,
            StreamReceiveWindow = 256 * 1024,
            ConnectionReceiveWindow = 1024 * 1024,
            MaxBidirectionalStreams = 0,
            Pool = new PinnedBlockPool(),
            Trust = new ServerTrust.Pinned(certificate.Sha256),
        };
        _serverSettings = _clientSettings with
        {
            Credentials = CredentialsHandle.ForServer(certificate),
            MaxBidirectionalStreams = 8,
            Trust = null,
        };
        Client = ConnectionCore.Connect(ToServer, _clientSettings, new ConnectionIdTable(new ClientConnectionIds()), _ => { }, _now);
        RunUntil(() => Client.TryOpenStream() is { } stream && (Stream = stream) == stream);
        Write(Stream!, 1);
        RunUntil(() => _accepted is not null && Read(_accepted) == 1);

        // Its path grows to the largest datagram, and its window to what the rounds need.
        for (var i = 0; i < 200; i++)
        {
            RoundTrip(1000);
        }
    }

    /// <summary>The client's end.</summary>
    public ConnectionCore Client { get; }

    /// <summary>The client's stream.</summary>
    public StreamCore? Stream { get; private set; }

    /// <summary>Has the client send bytes and the server send some back, until both are read.</summary>
    /// <returns>The datagrams that it took.</returns>
    public int RoundTrip(int bytes, int back = 0)
    {
        Write(Stream!, bytes);
        if (back > 0)
        {
            Write(_accepted!, back);
        }

        var datagrams = 0;
        for (var (received, returned) = (0, 0); received < bytes || returned < back;)
        {
            _now = new Instant(_now.Elapsed + Step, _now.Time + Step);
            datagrams += Turn();
            received += Read(_accepted!);
            returned += Read(Stream!);
        }

        return datagrams;
    }

    public void Dispose()
    {
        var closure = new ConnectionClosure(ConnectionCloseOrigin.Local, null, null, "");
        Client.Abandon(closure);
        _server?.Abandon(closure);
        _clientSettings.Credentials.Dispose();
        _serverSettings.Credentials.Dispose();
    }

    private static void Write(StreamCore stream, int count)
    {
        stream.ApplicationWriter.GetSpan(count)[..count].Clear();
        stream.ApplicationWriter.Advance(count);
        _ = stream.ApplicationWriter.FlushAsync().IsCompletedSuccessfully
            ? true
            : throw new InvalidOperationException("The stream takes no more.");
        stream.Wake();
    }

    private static int Read(StreamCore stream)
    {
        if (!stream.ApplicationReader.TryRead(out var result))
        {
            return 0;
        }

        var count = (int)result.Buffer.Length;
        stream.ApplicationReader.AdvanceTo(result.Buffer.End);
        stream.Consume(count);
        return count;
    }

    private void RunUntil(Func<bool> isDone)
    {
        for (var i = 0; !isDone(); i++)
        {
            if (i == 10_000)
            {
                throw new InvalidOperationException("The cores do not get on.");
            }

            _now = new Instant(_now.Elapsed + Step, _now.Time + Step);
            Turn();
        }
    }

    private int Turn()
    {
        var datagrams = Turn(Client, isToServer: true);
        return _server is null ? datagrams : datagrams + Turn(_server, isToServer: false) + Turn(Client, isToServer: true);
    }

    private int Turn(ConnectionCore core, bool isToServer)
    {
        if (core.Expiry <= _now.Elapsed)
        {
            core.HandleExpiry(_now);
        }

        core.Service(_now);
        int count = 0, length;
        while ((length = core.PollTransmit(_buffer, _now, out var path)) > 0)
        {
            count++;
            Deliver(_buffer.AsSpan(0, length), new FourTuple(path.Remote, path.Local), isToServer, core.Ecn);
        }

        core.EndTransmit();
        while (core.TryTakeEvent(out var next))
        {
            _accepted = next is ConnectionEvent.StreamAccepted accepted ? accepted.Stream : _accepted;
        }

        return count;
    }

    private void Deliver(ReadOnlySpan<byte> datagram, FourTuple path, bool isToServer, Ecn ecn)
    {
        if (isToServer && _server is null)
        {
            fixed (byte* data = datagram)
            {
                Native.PacketHeader header;
                if (Native.Accept(&header, data, (nuint)datagram.Length) == 0)
                {
                    _server = ConnectionCore.Accept(header, path, _serverSettings, _ids, _ => { }, _now);
                }
            }
        }

        if ((isToServer ? _server! : Client).HandleDatagram(datagram, path, _now, ecn) is { } reason)
        {
            throw new InvalidOperationException($"A datagram was rejected: {reason}.");
        }
    }

    private static UdpAddress Address(int port) => UdpAddress.From(new IPEndPoint(IPAddress.Loopback, port));
}
