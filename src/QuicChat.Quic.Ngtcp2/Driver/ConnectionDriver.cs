using System.Buffers;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>Gives one connection's core its datagrams, its time and its sends, on the thread of its loop.</summary>
internal sealed class ConnectionDriver
{
    // Datagrams in one turn, so that a bulk transfer leaves room for the others.
    private const int MaxDatagramsPerTurn = 64;

    private readonly EventLoop _loop;
    private readonly IDatagramSender _sender;
    private readonly ILogger _logger;
    private readonly Action<ConnectionDriver> _ended;
    private Queue<Unsent>? _unsent;
    private bool _forgotten;

    public ConnectionDriver(EventLoop loop, IDatagramSender sender, ILogger logger, Action<ConnectionDriver> ended)
    {
        _loop = loop;
        _sender = sender;
        _logger = logger;
        _ended = ended;
    }

    /// <summary>The connection; set once, right after it was made.</summary>
    public ConnectionCore Core { get; private set; } = null!;

    /// <summary>What the application sees.</summary>
    public Ngtcp2ConnectionContext Context { get; private set; } = null!;

    public EventLoop Loop => _loop;

    public TimeSpan Due { get; set; }

    public int HeapIndex { get; set; } = -1;

    public bool IsReady { get; set; }

    /// <summary>Whether the handshake has completed.</summary>
    public bool IsEstablished { get; set; }

    public void Attach(ConnectionCore core, Ngtcp2ConnectionContext context)
    {
        Core = core;
        Context = context;
    }

    /// <summary>Takes a datagram.</summary>
    /// <returns>Why it was rejected, where it was.</returns>
    public RejectionReason? OnDatagram(ReadOnlySpan<byte> datagram, in FourTuple path, Ecn ecn, Instant now)
    {
        RejectionReason? rejected = null;
        try
        {
            rejected = Core.HandleDatagram(datagram, path, now, ecn);
        }
        catch (Exception e)
        {
            Fault(e);
        }

        _loop.MakeReady(this);
        return rejected;
    }

    public void OnTimer(Instant now)
    {
        try
        {
            Core.HandleExpiry(now);
        }
        catch (Exception e)
        {
            Fault(e);
        }

        _loop.MakeReady(this);
    }

    /// <summary>Does everything that the connection has to do now.</summary>
    public void TakeTurn(Instant now)
    {
        try
        {
            Core.Service(now);
            TakeEvents();
            Transmit(now);
            TakeEvents();
        }
        catch (Exception e)
        {
            Fault(e);
            TakeEvents();
        }

        _loop.SetTimer(this, Core.IsClosed ? TimeSpan.MaxValue : Core.Expiry);
        if (Core.IsClosed && !_forgotten)
        {
            _forgotten = true;
            _ended(this);
        }
    }

    private void TakeEvents()
    {
        while (Core.TryTakeEvent(out var next))
        {
            switch (next)
            {
                case ConnectionEvent.HandshakeCompleted:
                    EngineLog.HandshakeCompleted(_logger, Core.Id, Core.CurrentPath.ToPath(), Core.IsResumed);
                    break;
                case ConnectionEvent.PathChanged changed:
                    EngineLog.PathEvent(_logger, Core.Id, changed.Event);
                    break;
                case ConnectionEvent.Faulted faulted:
                    EngineLog.ConnectionFaulted(_logger, Core.Id, faulted.Error);
                    break;
                case ConnectionEvent.Closed closed:
                    EngineLog.ConnectionEnded(_logger, Core.Id, closed.Closure);
                    break;
            }

            Context.OnEvent(next);
        }
    }

    private void Transmit(Instant now)
    {
        if (!SendUnsent())
        {
            return;
        }

        var batch = new SendBatch(_loop.SendBuffer);
        var count = 0;
        for (; count < MaxDatagramsPerTurn && _unsent is null or { Count: 0 }; count++)
        {
            if (batch.Room.IsEmpty)
            {
                Send(ref batch, keepsNext: false);
            }

            var length = Core.PollTransmit(batch.Room, now, out var path);
            if (length == 0)
            {
                break;
            }

            if (!batch.TryAdd(length, path, Core.Ecn))
            {
                Send(ref batch, keepsNext: true);
                batch.TryAdd(length, path, Core.Ecn);
            }
        }

        Send(ref batch, keepsNext: false);
        Core.EndTransmit();
        if (count == MaxDatagramsPerTurn)
        {
            _loop.MakeReady(this);
        }
    }

    private void Send(ref SendBatch batch, bool keepsNext)
    {
        var datagrams = batch.Datagrams;

        // What waits already goes first.
        var sent = _unsent is { Count: > 0 } || datagrams.IsEmpty ? 0 : _sender.Send(datagrams, batch.Size, batch.Path, batch.Ecn, this);
        if (sent < datagrams.Length)
        {
            var rest = ArrayPool<byte>.Shared.Rent(datagrams.Length - sent);
            datagrams[sent..].CopyTo(rest);
            _unsent ??= new Queue<Unsent>();
            _unsent.Enqueue(new Unsent(rest, datagrams.Length - sent, batch.Size, batch.Path, batch.Ecn));
        }

        batch.Clear(keepsNext);
    }

    // Sends what the system did not take.
    private bool SendUnsent()
    {
        while (_unsent?.TryPeek(out var unsent) == true)
        {
            var datagrams = unsent.Datagrams.AsSpan(unsent.Start, unsent.Length);
            var sent = _sender.Send(datagrams, unsent.Size, unsent.Path, unsent.Ecn, this);
            if (sent < datagrams.Length)
            {
                unsent.Skip(sent);
                return false;
            }

            _unsent.Dequeue();
            ArrayPool<byte>.Shared.Return(unsent.Datagrams);
        }

        return true;
    }

    // A fault of ours ends this connection and no other.
    private void Fault(Exception exception)
    {
        EngineLog.ConnectionFaulted(_logger, Core.Id, exception);
        Core.Abandon(new ConnectionClosure(ConnectionCloseOrigin.Local, null, 1, "internal error"));
    }

    private sealed class Unsent(byte[] datagrams, int length, int size, FourTuple path, Ecn ecn)
    {
        public byte[] Datagrams => datagrams;

        public int Start { get; private set; }

        public int Length => length - Start;

        public int Size => size;

        public FourTuple Path => path;

        public Ecn Ecn => ecn;

        public void Skip(int bytes) => Start += bytes;
    }
}
