using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Core;

// Where the connection is, what was validated, and what ngtcp2 is shown of it.
internal sealed unsafe partial class ConnectionCore
{
    private readonly PathVirtualizer _virtualizer;
    private readonly List<FourTuple> _validations = [];
    private FourTuple _validated;
    private PathTracker? _tracker;
    private TimeSpan _migrationTimeout;

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

    // The handshake validates the client's address (RFC 9000, section 8.1).
    private void StartTracking()
    {
        _validated = _virtualizer.Current;
        _tracker = new PathTracker(_validated.ToPath(), _migrationTimeout, e => _events.Enqueue(new ConnectionEvent.PathChanged(e)));
    }

    // A datagram from this path held a packet that decrypted.
    private void NoteAuthenticated(FourTuple real)
    {
        NotePath(authenticated: true);
        if (_tracker is not { IsMigrating: true } tracker || real.Remote != _validated.Remote)
        {
            return;
        }

        if (_virtualizer.Current.Remote == real.Remote)
        {
            // After a failed validation ngtcp2 is on the old path already; the packet shows that the peer is too.
            tracker.Adopt(real.ToPath(), _now);
        }
        else
        {
            tracker.Heard(real.ToPath());
        }
    }

    // ngtcp2 changes its path in reads, and back in writes and time-outs, without a word. Only the peer's packets begin or end an attempt.
    private void NotePath(bool authenticated)
    {
        if (_virtualizer.SetCurrent(NativePath.Read(Interop.Ngtcp2.GetPath(_connection))) && authenticated)
        {
            _tracker?.Adopt(_virtualizer.Current.ToPath(), _now);
        }
    }

    private void NoteValidations()
    {
        foreach (var virtualPath in _validations)
        {
            if (_tracker is { IsMigrating: true } tracker && _virtualizer.ToReal(virtualPath) is { } real)
            {
                tracker.Validate(real.ToPath(), ValidationEvidence.Exact, _now);
                _validated = tracker.IsMigrating ? _validated : real;
            }
        }

        _validations.Clear();
    }
}
