using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Paths;
using Xunit;
using Native = QuicChat.Quic.Ngtcp2.Interop.Ngtcp2;

namespace QuicChat.Quic.Ngtcp2.Tests.Support;

/// <summary>A client's and a server's core joined in memory. Time passes when nothing is left to do before the next thing is due; nobody waits.</summary>
internal sealed class CoreLink : IDisposable
{
    private static readonly ReadOnlyMemory<byte> TicketKey = RandomNumberGenerator.GetBytes(Gnutls.SessionTicketKeyLength);
    private static readonly FourTuple ToServerPath = new(Address(40000), Address(4433));

    private readonly PriorityQueue<Flight, (TimeSpan Due, long Number)> _flights = new();
    private readonly ConnectionSettings _serverSettings;
    private readonly ConnectionIdTable _serverIds = new(new PlainConnectionIds(7));
    private readonly byte[] _buffer = new byte[2048];
    private readonly HashSet<FourTuple> _moves = [];
    private long _flightNumber;

    private sealed record Flight(bool ToServer, FourTuple Path, byte[] Datagram, Ecn Ecn = Ecn.NotCapable);

    /// <summary>One end: its core and what it told.</summary>
    public sealed class End(ConnectionCore core)
    {
        public ConnectionCore Core { get; } = core;

        public bool Completed { get; set; }

        public Queue<StreamCore> Accepted { get; } = new();

        public ConnectionClosure? Closure { get; set; }

        public Exception? Fault { get; set; }

        public int DatagramsSent { get; set; }

        public List<PathEvent> PathEvents { get; } = [];

        /// <summary>The host that each client has asked for.</summary>
        public List<string> Greetings { get; } = [];
    }

    public CoreLink(ConnectionSettings? client = null, ConnectionSettings? server = null)
    {
        NativeLibraries.EnsureLoaded();
        ClientSettings = client ?? NewClientSettings();
        _serverSettings = server ?? NewServerSettings();
        Client = new End(ConnectionCore.Connect(ToServerPath, ClientSettings, new ConnectionIdTable(new ClientConnectionIds()), _ => { }, Now));
    }

    public ConnectionSettings ClientSettings { get; }

    public Instant Now { get; private set; } = new(TimeSpan.FromHours(1), DateTimeOffset.UtcNow);

    /// <summary>How long a datagram is under way.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Where the server sees the client. What is under way to the client elsewhere is lost.</summary>
    public IPEndPoint ClientAddress { get; set; } = new(IPAddress.Loopback, 40000);

    /// <summary>What becomes of a datagram on its way: those that arrive instead, in this order. Unset, it arrives as it is.</summary>
    public Func<bool, byte[], IEnumerable<byte[]>>? Wire { get; set; }

    /// <summary>Sees each datagram as it is sent: whether to the server, and the client's address as the server knows it.</summary>
    public Action<bool, IPEndPoint, byte[]>? Sent { get; set; }

    /// <summary>What a datagram, to the server or from it, arrives with of what it was sent with (RFC 3168); unset, the same.</summary>
    public Func<bool, Ecn, Ecn> Congestion { get; set; } = (_, ecn) => ecn;

    /// <summary>By how much later than due the next thing happens, as on a machine that has much to do; unset, at once.</summary>
    public Func<TimeSpan>? Lateness { get; set; }

    /// <summary>Called before each turn of an end.</summary>
    public Action<End>? BeforeTurn { get; set; }

    /// <summary>Whether the server has clients prove their address first (RFC 9000, section 8.1.2).</summary>
    public bool AsksForProof { get; set; }

    public End Client { get; }

    /// <summary>The newest connection that the server accepted.</summary>
    public End? Server { get; private set; }

    /// <summary>Connections that the server accepted before <see cref="Server"/>.</summary>
    public List<End> Earlier { get; } = [];

    public int ServerIds => _serverIds.Count;

    /// <summary>What the server got from each address, and sent to it.</summary>
    public Ledger Ledger { get; } = new();

    /// <summary>What the server rejected.</summary>
    public List<RejectionReason> Rejected { get; } = [];

    public static ConnectionSettings NewClientSettings() => new()
    {
        Credentials = CredentialsHandle.ForClient(),
        ApplicationProtocol = Encoding.ASCII.GetBytes(QuicDefaults.ApplicationProtocol),
        IdleTimeout = TimeSpan.FromSeconds(60),
        HandshakeTimeout = TimeSpan.FromSeconds(10),
        KeepAliveInterval = Timeout.InfiniteTimeSpan,
        MigrationTimeout = TimeSpan.FromSeconds(30),
        StreamReceiveWindow = 256 * 1024,
        ConnectionReceiveWindow = 1024 * 1024,
        MaxBidirectionalStreams = 0,
        Pool = new PinnedBlockPool(),
        Trust = Clients.Trust,
        Memory = new ServerMemory(new ResumptionCache(), new ResumptionKey("server", QuicDefaults.ApplicationProtocol, "trust")),
    };

    public static ConnectionSettings NewServerSettings() => NewClientSettings() with
    {
        Credentials = CredentialsHandle.ForServer(EchoServer.Certificate),
        MaxBidirectionalStreams = 128,
        Trust = null,
        Memory = null,
        Tokens = new AddressTokens(),
        TicketKey = () => TicketKey,
    };

    /// <summary>Completes and confirms the handshake.</summary>
    public CoreLink Establish()
    {
        RunUntil(() => Client.Completed && Server is { Completed: true }, "the handshake");
        RunFor(TimeSpan.FromMilliseconds(500));
        return this;
    }

    public StreamCore OpenStream() => Client.Core.TryOpenStream() ?? throw new InvalidOperationException("No stream can be opened.");

    public static void Write(StreamCore stream, ReadOnlySpan<byte> bytes, bool end = false)
    {
        stream.ApplicationWriter.Write(bytes);
        _ = stream.ApplicationWriter.FlushAsync();
        if (end)
        {
            stream.ApplicationWriter.Complete();
        }

        stream.Wake();
    }

    /// <summary>Reads what is there.</summary>
    public static byte[] Read(StreamCore stream)
    {
        if (!stream.ApplicationReader.TryRead(out var result))
        {
            return [];
        }

        var bytes = result.Buffer.ToArray();
        stream.ApplicationReader.AdvanceTo(result.Buffer.End);
        stream.Consume(bytes.Length);
        return bytes;
    }

    public void RunUntil(Func<bool> condition, string what, TimeSpan? limit = null)
    {
        var end = Now.Elapsed + (limit ?? TimeSpan.FromMinutes(1));
        Turn();
        while (!condition())
        {
            Assert.True(Step(end), $"Waited {(limit ?? TimeSpan.FromMinutes(1)).TotalSeconds} s of virtual time for {what}.");
        }
    }

    public void RunFor(TimeSpan time)
    {
        var end = Now.Elapsed + time;
        Turn();
        while (Step(end))
        {
        }

        if (Now.Elapsed < end)
        {
            Now = new Instant(end, Now.Time + (end - Now.Elapsed));
        }
    }

    /// <summary>Has the client move to another address of its own, and to the server's of the same family.</summary>
    public void Move(IPEndPoint local, Action<Exception?> completed)
    {
        var path = new FourTuple(
            UdpAddress.From(local), UdpAddress.From(new IPEndPoint(local.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback, 4433)));
        _moves.Add(new FourTuple(path.Remote, path.Local));
        Assert.True(Client.Core.BeginMove(path, completed), "The connection has ended.");
    }

    /// <summary>Lets a datagram arrive now, at the server as if from <paramref name="source"/>.</summary>
    public void Deliver(bool toServer, byte[] datagram, IPEndPoint? source = null, uint ingress = 0)
        => _flights.Enqueue(new Flight(toServer, PathTo(source ?? ClientAddress) with { Ingress = ingress }, datagram), (Now.Elapsed, _flightNumber++));

    public void Dispose()
    {
        foreach (var end in (End?[])[Client, Server, .. Earlier])
        {
            end?.Core.Abandon(new ConnectionClosure(ConnectionCloseOrigin.Local, null, null, "the test is over"));
        }

        ClientSettings.Credentials.Dispose();
        _serverSettings.Credentials.Dispose();
    }

    // Moves on to what is due next, and does everything that can be done then.
    private bool Step(TimeSpan end)
    {
        var due = Due(Client);
        foreach (var server in Servers())
        {
            due = Min(due, Due(server));
        }

        if (_flights.TryPeek(out _, out var first))
        {
            due = Min(due, first.Due);
        }

        if (due > end)
        {
            return false;
        }

        due += Lateness?.Invoke() ?? TimeSpan.Zero;
        if (due > Now.Elapsed)
        {
            Now = new Instant(due, Now.Time + (due - Now.Elapsed));
        }

        while (_flights.TryPeek(out var flight, out var priority) && priority.Due <= Now.Elapsed)
        {
            _flights.Dequeue();
            Arrive(flight);
        }

        Expire(Client);
        foreach (var server in Servers())
        {
            Expire(server);
        }

        Turn();
        return true;
    }

    private void Turn()
    {
        Turn(Client);
        foreach (var server in Servers())
        {
            Turn(server);
        }
    }

    private IEnumerable<End> Servers() => Server is null ? [] : [.. Earlier, Server];

    private static TimeSpan Due(End end) => end.Core.IsClosed ? TimeSpan.MaxValue : end.Core.Expiry;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private void Expire(End end)
    {
        if (Due(end) <= Now.Elapsed)
        {
            end.Core.HandleExpiry(Now);
        }
    }

    private void Turn(End end)
    {
        BeforeTurn?.Invoke(end);
        end.Core.Service(Now);
        TakeEvents(end);
        int length;
        while ((length = end.Core.PollTransmit(_buffer, Now, out var path)) > 0)
        {
            end.DatagramsSent++;
            if (end != Client)
            {
                Ledger[path.Remote.ToEndPoint()].Send(length);
            }

            var datagram = _buffer[..length];
            Sent?.Invoke(end == Client, (end == Client ? AtServer(path) : path).Remote.ToEndPoint(), datagram);
            foreach (var arriving in Wire?.Invoke(end == Client, datagram) ?? [datagram])
            {
                _flights.Enqueue(new Flight(end == Client, end == Client ? AtServer(path) : path, arriving, Congestion(end == Client, end.Core.Ecn)), (Now.Elapsed + Delay, _flightNumber++));
            }
        }

        end.Core.EndTransmit();
        TakeEvents(end);
    }

    private void TakeEvents(End end)
    {
        while (end.Core.TryTakeEvent(out var next))
        {
            Assert.Null(end.Closure);
            switch (next)
            {
                case ConnectionEvent.HandshakeCompleted:
                    end.Completed = true;
                    break;
                case ConnectionEvent.ClientGreeted greeted:
                    end.Greetings.Add(greeted.ServerName);
                    break;
                case ConnectionEvent.StreamAccepted accepted:
                    end.Accepted.Enqueue(accepted.Stream);
                    break;
                case ConnectionEvent.PathChanged changed:
                    end.PathEvents.Add(changed.Event);
                    break;
                case ConnectionEvent.Faulted faulted:
                    end.Fault = faulted.Error;
                    break;
                case ConnectionEvent.Closed closed:
                    end.Closure = closed.Closure;
                    break;
            }
        }
    }

    private unsafe void Arrive(Flight flight)
    {
        if (!flight.ToServer)
        {
            if (flight.Path == ToClientPath)
            {
                Client.Core.HandleDatagram(flight.Datagram, ToServerPath, Now, flight.Ecn);
            }
            else if (_moves.Contains(flight.Path))
            {
                Client.Core.HandleDatagram(flight.Datagram, new FourTuple(flight.Path.Remote, flight.Path.Local), Now, flight.Ecn);
            }

            return;
        }

        Ledger[flight.Path.Remote.ToEndPoint()].Receive(flight.Datagram.Length);
        fixed (byte* data = flight.Datagram)
        {
            Native.VersionCid header;
            if (flight.Datagram.Length == 0
                || Native.DecodeVersionCid(&header, data, (nuint)flight.Datagram.Length, (nuint)_serverIds.Ids.Length) != 0)
            {
                return;
            }

            if (_serverIds.Find(new ReadOnlySpan<byte>(header.Dcid, (int)header.DcidLength)) is { } known)
            {
                if (known.HandleDatagram(flight.Datagram, flight.Path, Now, flight.Ecn) is { } reason)
                {
                    Rejected.Add(reason);
                }

                return;
            }

            Native.PacketHeader initial;
            if (Native.Accept(&initial, data, (nuint)flight.Datagram.Length) == 0)
            {
                var proof = AsksForProof ? _serverSettings.Tokens!.Check(initial, flight.Path.Remote, Now) : default;
                if (AsksForProof && proof.Kind == AddressProofKind.None)
                {
                    SendRetry(initial, flight.Path);
                    return;
                }

                if (Server is not null)
                {
                    Earlier.Add(Server);
                }

                Server = new End(ConnectionCore.Accept(initial, flight.Path, _serverSettings, _serverIds, _ => { }, Now, proof));
                Server.Core.HandleDatagram(flight.Datagram, flight.Path, Now, flight.Ecn);
            }
        }
    }

    private void SendRetry(in Native.PacketHeader initial, FourTuple path)
    {
        Span<byte> scid = stackalloc byte[_serverIds.Ids.Length];
        _serverIds.Ids.Mint(scid);
        var length = _serverSettings.Tokens!.WriteRetry(_buffer, initial, path.Remote, scid, Now);
        Ledger[path.Remote.ToEndPoint()].Send(length);
        _flights.Enqueue(new Flight(false, path, _buffer[..length]), (Now.Elapsed + Delay, _flightNumber++));
    }

    // A network between maps the address that the client began at; those that it moved to by itself are as they are.
    private FourTuple AtServer(FourTuple clientPath)
        => clientPath.Local == ToServerPath.Local ? ToClientPath : new FourTuple(clientPath.Remote, clientPath.Local);

    private FourTuple ToClientPath => PathTo(ClientAddress);

    private static FourTuple PathTo(IPEndPoint client) => new(ToServerPath.Remote, UdpAddress.From(client));

    private static UdpAddress Address(int port) => UdpAddress.From(new IPEndPoint(IPAddress.Loopback, port));
}
