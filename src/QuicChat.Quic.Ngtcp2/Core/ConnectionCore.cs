using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>
/// One connection as a state machine without I/O and without a clock. The driver hands in datagrams, the time and the application's wishes
/// (<see cref="HandleDatagram"/>, <see cref="HandleExpiry"/>, <see cref="Service"/>), then takes out events and datagrams until there are none
/// (<see cref="TryTakeEvent"/>, <see cref="PollTransmit"/>), then waits until <see cref="Expiry"/>. All on one thread, but for what says otherwise.
/// </summary>
internal sealed unsafe partial class ConnectionCore
{
    /// <summary>The largest datagram taken, told to peers as max_udp_payload_size: above any probe on Ethernet.</summary>
    public const int MaxDatagramSize = 2048;

    // A closed connection answers what still arrives with its close, for this many probe time-outs (RFC 9000, section 10.2).
    private const int ClosingPtos = 3;
    private const int MaxReasonBytes = 256;

    // ngtcp2 tells idle connections to wait until the end of time.
    private const ulong Never = ulong.MaxValue;

    private readonly ConnectionSettings _settings;
    private readonly ConnectionIdTable _ids;
    private readonly Queue<ConnectionEvent> _events = new();
    private readonly Action<ConnectionCore> _wake;
    private readonly Inbox<StreamCore> _woken = new();
    private readonly Inbox<Action> _requests = new();
    private readonly bool _isServer;
    private ConnectionHandle? _handle;
    private nint _connection;
    private Instant _now;
    private State _state;
    private TlsMessageGuard _guard;
    private bool _completed;
    private bool _statelessReset;
    private (ulong ErrorCode, string Reason)? _refusal;
    private Exception? _fault;
    private string? _trustProblem;
    private (ulong Code, string Reason, TimeSpan Latest)? _closeRequest;
    private byte[] _closePacket = [];
    private FourTuple _closePath;
    private long _closeAllowance;
    private TimeSpan _closingEnds;
    private bool _closeIsDue;
    private int _datagramsWhileClosing;
    private int _scheduled;
    private long _credit;

    private enum State
    {
        Handshaking,
        Open,
        Closing,
        Closed,
    }

    /// <summary>The stable identity of the connection.</summary>
    public ConnectionId Id { get; }

    /// <summary>What a driver keeps with the connection.</summary>
    public object? Driver { get; set; }

    /// <summary>Whether nothing is left to do: the driver forgets the connection.</summary>
    public bool IsClosed => _state == State.Closed;

    /// <summary>How many bytes an application reads before the peer gets credit for them: an eighth of the stream's window.</summary>
    public int CreditStep => _settings.StreamReceiveWindow / 8;

    /// <summary>When <see cref="HandleExpiry"/> is due, by the monotonic clock.</summary>
    public TimeSpan Expiry
    {
        get
        {
            if (_state is State.Closing or State.Closed)
            {
                return _closingEnds;
            }

            var expiry = Interop.Ngtcp2.GetExpiry(_connection);
            var due = expiry >= long.MaxValue ? TimeSpan.MaxValue : FromNanoseconds(expiry);
            if (_closeRequest is { } close && close.Latest < due)
            {
                due = close.Latest;
            }

            if (_move is { Virtual: null, Latest: var latest } && latest < due)
            {
                due = latest;
            }

            return _tracker?.Deadline is { } deadline && deadline < due ? deadline : due;
        }
    }

    /// <summary>Adds consumed bytes of any stream; thread-safe.</summary>
    /// <returns>Whether enough came together to give the peer new credit for the connection.</returns>
    public bool AddCredit(long bytes)
    {
        if (Interlocked.Add(ref _credit, bytes) < _settings.ConnectionReceiveWindow / 8)
        {
            return false;
        }

        Interlocked.Exchange(ref _credit, 0);
        return true;
    }

    /// <summary>Puts a stream into the queue of those to look after at the next <see cref="Service"/>; thread-safe.</summary>
    public void Queue(StreamCore stream) => _woken.Add(stream);

    /// <summary>Has the driver call <see cref="Service"/> soon; thread-safe.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
        {
            _wake(this);
        }
    }

    /// <summary>Runs <paramref name="request"/> on the driver's thread; thread-safe.</summary>
    public void Request(Action request)
    {
        _requests.Add(request);
        Wake();
    }

    /// <summary>
    /// Closes the connection with an application error code once what streams have flushed is sent, at the latest after <see cref="ClosingPtos"/> probe
    /// time-outs; thread-safe.
    /// </summary>
    public void RequestClose(ulong errorCode, string reason) => Request(() =>
    {
        if (_connection != 0)
        {
            _closeRequest ??= (errorCode, reason, _now.Elapsed + ClosingTime);
        }
    });

    /// <summary>Does what the application asked for.</summary>
    public void Service(Instant now)
    {
        // A full fence: whatever is queued after this wakes the driver again.
        Interlocked.Exchange(ref _scheduled, 0);
        _now = now;
        while (_requests.TryTake(out var request))
        {
            request();
        }

        ServeTouched();
        while (_woken.TryTake(out var stream))
        {
            if (_connection != 0)
            {
                stream.Service(_connection);
            }
        }
    }

    /// <summary>Takes a datagram.</summary>
    /// <returns>
    /// Why it was rejected, where it was. One that comes after the connection's end was not, nor was one that ends it, but for a first packet by which nothing begins.
    /// </returns>
    public RejectionReason? HandleDatagram(ReadOnlySpan<byte> datagram, FourTuple real, Instant now, Ecn ecn = Ecn.NotCapable)
    {
        _now = now;
        if (_state == State.Closing)
        {
            // One answer to the first, second, fourth, eighth … datagram that still arrives (RFC 9000, section 10.2.1).
            _closeIsDue |= int.IsPow2(++_datagramsWhileClosing);
            _closeAllowance += _closeAllowance < int.MaxValue && real == _closePath ? 3L * datagram.Length : 0;
            return null;
        }

        if (_state == State.Closed)
        {
            return null;
        }

        if (IsDenied(real))
        {
            return RejectionReason.DeniedPath;
        }

        _authenticated = false;
        _withHandshakeKeys = false;

        // A server goes on sending by the path that a client has left until it has a connection ID to follow with, which it gets for those that it
        // gives back there; but ngtcp2 soon knows that path no more. So it is shown the path in use. A challenge is answered by the path that it came
        // by (RFC 9000, section 8.2.2) or not at all.
        _hideChallenges = !_isServer && _virtualizer.HasLeft(real);
        var path = _hideChallenges || _handshakePaths is not null ? _virtualizer.CurrentVirtual : _virtualizer.ToVirtual(real);
        var givenUp = _virtualizer.GivenUp;
        int result;
        fixed (byte* data = datagram)
        {
            var native = new NativePath(path);
            var info = new Interop.Ngtcp2.PacketInfo { Ecn = (byte)ecn };
            _reading = this;
            result = Interop.Ngtcp2.ReadPacket(
                _connection, native.Pointer(&native), Interop.Ngtcp2.PacketInfoVersion, &info, data, (nuint)datagram.Length, Nanoseconds(now));
            _reading = null;
        }

        if (_authenticated)
        {
            CountReceived(real, path, datagram.Length);
        }

        if (result == 0)
        {
            NoteValidations();
            if (_authenticated)
            {
                NoteAuthenticated(real);
                NoteId(datagram, real);
                NoteChallenges();
            }
        }

        var isForgotten = _virtualizer.Forget();

        // What the datagram brought before the error that ends the connection counts too.
        AfterNative();
        if (result == 0)
        {
            RequeueBlocked();
            return !_authenticated ? RejectionReason.Undecryptable
                : isForgotten ? RejectionReason.Replayed
                : _virtualizer.GivenUp != givenUp ? RejectionReason.TooManyPaths
                : null;
        }

        ServeTouched();
        EndByLibrary(result);
        return result switch
        {
            Interop.Ngtcp2.ErrorDropConnection => RejectionReason.Undecryptable,
            Interop.Ngtcp2.ErrorRetry => RejectionReason.Unproven,
            _ => null,
        };
    }

    /// <summary>Does what is due.</summary>
    public void HandleExpiry(Instant now)
    {
        _now = now;
        if (_state is State.Closing or State.Closed)
        {
            if (now.Elapsed >= _closingEnds)
            {
                Forget();
            }

            return;
        }

        _tracker?.Expire(now);
        ContinueMove();
        if (Interop.Ngtcp2.GetExpiry(_connection) > Nanoseconds(now) || PostponesExpiry())
        {
            return;
        }

        var result = Interop.Ngtcp2.HandleExpiry(_connection, Nanoseconds(now));
        _hasExpired = true;
        if (result == 0)
        {
            AfterNative();
        }
        else
        {
            ServeTouched();
            EndByLibrary(result);
        }
    }

    /// <summary>Takes the next event.</summary>
    public bool TryTakeEvent(out ConnectionEvent next) => _events.TryDequeue(out next!);

    /// <summary>After how much silence a PING is sent (RFC 9000, section 10.1.2).</summary>
    public void SetKeepAlive(TimeSpan interval)
    {
        if (_connection != 0)
        {
            Interop.Ngtcp2.SetKeepAliveTimeout(_connection, Nanoseconds(interval, infinite: Never));
        }
    }

    /// <summary>Ends the connection at once and in silence, as when its end point goes away.</summary>
    public void Abandon(ConnectionClosure closure)
    {
        End(closure);
        Forget();
    }

    private TimeSpan ClosingTime => ClosingPtos * FromNanoseconds(Interop.Ngtcp2.GetPto(_connection));

    private static ulong Nanoseconds(Instant now) => (ulong)now.Elapsed.Ticks * 100;

    private static ulong Nanoseconds(TimeSpan time, ulong infinite)
        => time == Timeout.InfiniteTimeSpan ? infinite : Math.Min((ulong)time.Ticks, long.MaxValue / 100) * 100;

    private static TimeSpan FromNanoseconds(ulong nanoseconds) => TimeSpan.FromTicks((long)((nanoseconds + 99) / 100));

    // Callbacks only note what happened; this does it, after ngtcp2 has returned.
    private void AfterNative()
    {
        if (_completed)
        {
            _completed = false;
            LeaveHandshake();
            AcceptMoreConnectionIds();
            StartTracking();
            _newTokenFor = _isServer && _isProven ? _virtualizer.Current.Remote : null;
            _events.Enqueue(new ConnectionEvent.HandshakeCompleted());
            if (_isServer)
            {
                // Its ticket is ngtcp2's to send by now, and a client has nothing more to say to TLS (RFC 9001, sections 4.4 and 6); one that does is refused.
                _handle!.ReleaseSession();
            }
        }

        GiveToken();
        KeepTicket();
        NotePath();
        foreach (var (streamId, errorCode) in _observed.StopSending)
        {
            if (_streams.GetValueOrDefault(streamId) is { } stream || (stream = _closedStreams.Find(s => s.Id == streamId)) is not null)
            {
                stream.ReceiveStopSending(errorCode);
            }
        }

        _observed.StopSending.Clear();
        NoteRetired();
        if (_closedStreams.Count > 0)
        {
            ServeTouched();
            foreach (var stream in _closedStreams)
            {
                stream.Release(null);
                stream.ReturnToPeer(_connection);
            }

            _closedStreams.Clear();
        }

        ContinueMove();
    }

    // What several datagrams brought is shown to readers together, for each time wakes them.
    private void ServeTouched()
    {
        foreach (var stream in _touched)
        {
            if (stream.Acknowledged)
            {
                stream.ReleaseAcknowledged();
            }

            if (stream.Readable)
            {
                stream.ShowInput(_connection);
            }
        }

        _touched.Clear();
    }

    private void Touch(StreamCore stream)
    {
        if (!stream.Readable && !stream.Acknowledged)
        {
            _touched.Add(stream);
        }
    }
}
