using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Core;

// Where the connection is, what was validated, and what ngtcp2 is shown of it.
internal sealed unsafe partial class ConnectionCore
{
    // Whoever has seen a connection ID can make datagrams come from anywhere.
    private const int MostDenialsTold = 8;

    // For how long a challenge may be without an answer; then the client asks again.
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(1);

    private readonly PathVirtualizer _virtualizer;
    private readonly List<FourTuple> _validations = [];

    // Of a server, during the handshake.
    private HandshakePaths? _handshakePaths;
    private FourTuple _validated;

    // Not where an address that the client came to during the handshake is still to be checked.
    private bool _isProven = true;
    private PathTracker? _tracker;
    private readonly HashSet<UdpAddress> _denialsTold = [];
    private TimeSpan _migrationTimeout;
    private volatile PathJudge? _judge;
    private TimeSpan _challenged = -LongestAnswer;
    private bool _expiryPostponed;

    /// <summary>The path that datagrams are sent on.</summary>
    public FourTuple CurrentPath => _virtualizer.Current;

    /// <summary>How long an attempt may stay unresolved.</summary>
    public void SetMigrationTimeout(TimeSpan timeout)
    {
        _migrationTimeout = timeout;
        if (_tracker is { } tracker)
        {
            tracker.Timeout = timeout;
        }
    }

    /// <summary>Says from where datagrams are taken; thread-safe, from the next one on.</summary>
    public PathJudge? Judge
    {
        get => _judge;
        set => _judge = value;
    }

    // The path in use has been admitted, and an attempt under way may go on.
    private bool IsDenied(FourTuple real)
    {
        if (_judge is not { } judge || _tracker is not { } tracker || real.IsSamePeer(_validated) || real.IsSamePeer(_virtualizer.Current))
        {
            return false;
        }

        var candidate = real.ToPath();
        if (judge(tracker.LastValidated, candidate) is not { } reason)
        {
            return false;
        }

        if (_denialsTold.Count < MostDenialsTold && _denialsTold.Add(real.Remote) && tracker.LastValidated.ChangeTo(candidate) is { } kind)
        {
            _events.Enqueue(new ConnectionEvent.PathChanged(new PathEvent.Denied(tracker.LastValidated, candidate, kind, reason, _now.Time)));
        }

        return true;
    }

    // What ngtcp2 may write to where it sends now. Where it reaches the limit of an address that is not validated, ngtcp2 1.11 cancels its probe time-out and does not
    // always set it again when more may be sent; with a full congestion window it would never send again. So it is given one byte less. That helps after the handshake; during
    // it, ngtcp2 cancels the time-out where less than 1,200 bytes are left, and the client's probes have it go on.
    private int SendLimit
    {
        get
        {
            var allowance = _handshakePaths is { IsProven: false } handshake ? handshake.Allowance : _virtualizer.Allowance;
            return _isServer ? (int)Math.Clamp(allowance - 1, 0, int.MaxValue) : int.MaxValue;
        }
    }

    private void CountSent(FourTuple virtualPath, int length)
    {
        _handshakePaths?.CountSent(length);
        _virtualizer.CountSent(virtualPath, length);
    }

    private void CountReceived(FourTuple real, FourTuple virtualPath, int length)
    {
        _virtualizer.CountReceived(virtualPath, length);
        if (_handshakePaths is { } handshake)
        {
            handshake.CountReceived(real, length, _withHandshakeKeys);
            _virtualizer.SetReal(handshake.Newest);
        }
    }

    // An address that the client came to during the handshake is checked like any other (RFC 9000, section 9.3), but nobody is told of a migration: there was none.
    private void LeaveHandshake()
    {
        if (_handshakePaths is { IsProven: false } handshake)
        {
            _virtualizer.SetUnproven(handshake.Allowance);
            _isProven = false;
        }

        _handshakePaths = null;
    }

    // The handshake validates the client's address (RFC 9000, section 8.1).
    private void StartTracking()
    {
        _validated = _virtualizer.Current;
        _tracker = new PathTracker(_validated.ToPath(), _migrationTimeout, e => _events.Enqueue(new ConnectionEvent.PathChanged(e)));
    }

    // At a client, AccompanyPathResponse counts them.
    private void NoteChallenges()
    {
        if (_isServer && _observed.PathChallenges > 0)
        {
            // There is an answer to send there.
            _virtualizer.Keep();
            _observed.PathChallenges = 0;
            _challenged = _now.Elapsed;
        }
    }

    // ngtcp2 1.11 takes the connection ID from a path by which it was challenged after three probe time-outs. If its answer is still to be sent then,
    // which pacing and a late machine can bring about, the path gets another ID but has lost its allowance (RFC 9000, section 8.1): it is never
    // answered, and the next ID goes the same way, and the next. So what can be sent by now is sent first.
    private bool PostponesExpiry()
    {
        _expiryPostponed = !_expiryPostponed && _now.Elapsed - _challenged < LongestAnswer;
        return _expiryPostponed;
    }

    // A datagram from this path held a packet that decrypted.
    private void NoteAuthenticated(FourTuple real)
    {
        NotePath();

        // A server is where its client looks for it. On a validated path that stays, which is nearly always, there is nothing to tell.
        if (!_isServer || _tracker is not { } tracker || (real.IsSamePeer(_validated) && !tracker.IsMigrating))
        {
            return;
        }

        if (real.IsSamePeer(_virtualizer.Current))
        {
            // Not only where the packet changed the path: ngtcp2 goes back by itself after a failed validation, and an attempt may end before ngtcp2's check of the path.
            tracker.Adopt(real.ToPath(), _now);
        }
        else
        {
            tracker.Heard(real.ToPath());
        }
    }

    // ngtcp2 changes its path in reads, and back in writes and time-outs, without a word. Only the peer's packets begin or end an attempt.
    private void NotePath() => _virtualizer.SetCurrent(NativePath.Read(Interop.Ngtcp2.GetPath(_connection)));

    private void NoteValidations()
    {
        foreach (var virtualPath in _validations)
        {
            _virtualizer.SetValidated(virtualPath);
            if (_tracker is { } tracker && _virtualizer.ToReal(virtualPath) is { } real)
            {
                var path = real.ToPath();
                if (!tracker.IsMigrating && real == _virtualizer.Current)
                {
                    // The attempt ended at its deadline; that the path works all the same begins and ends another.
                    tracker.Adopt(path, _now);
                }

                tracker.Validate(path, ValidationEvidence.Exact, _now);
                var wasProven = _isProven;
                _isProven |= real.IsSamePeer(_validated);
                if (ReferenceEquals(tracker.LastValidated, path))
                {
                    _validated = real;
                    _isProven = true;
                    _denialsTold.Clear();
                }

                if (_isProven && !wasProven)
                {
                    // ngtcp2 tells of new addresses alone, and it was shown the first one all the time.
                    _newTokenFor = real.Remote;
                }
            }
        }

        _validations.Clear();
    }
}
