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
    private (byte[] Datagram, FourTuple Path, Ecn Ecn)? _unsent;
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
        if (_unsent is { } unsent)
        {
            if (!_sender.TrySend(unsent.Datagram, unsent.Path, unsent.Ecn, this))
            {
                return;
            }

            _unsent = null;
        }

        var buffer = _loop.SendBuffer;
        var sent = 0;
        for (; sent < MaxDatagramsPerTurn; sent++)
        {
            var length = Core.PollTransmit(buffer, now, out var path);
            if (length == 0)
            {
                break;
            }

            if (!_sender.TrySend(buffer[..length], path, Core.Ecn, this))
            {
                _unsent = (buffer[..length].ToArray(), path, Core.Ecn);
                break;
            }
        }

        Core.EndTransmit();
        if (sent == MaxDatagramsPerTurn)
        {
            _loop.MakeReady(this);
        }
    }

    // A fault of ours ends this connection and no other.
    private void Fault(Exception exception)
    {
        EngineLog.ConnectionFaulted(_logger, Core.Id, exception);
        Core.Abandon(new ConnectionClosure(ConnectionCloseOrigin.Local, null, 1, "internal error"));
    }
}
