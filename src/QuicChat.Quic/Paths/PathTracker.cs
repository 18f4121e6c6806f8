namespace QuicChat.Quic.Paths;

/// <summary>
/// Turns what an engine sees of a connection's paths into attempts that each begin once and end once. It does no I/O and has no clock: the engine
/// tells it what happened and when, and calls <see cref="Expire"/> at <see cref="Deadline"/>.
/// </summary>
/// <remarks>
/// An attempt begins when the peer's end point leaves the last <em>validated</em> one, so that a path nobody validated is never taken for the
/// place that a client came from. Its deadline is that of the first unresolved attempt: neither a third path nor falling back and forth can put it off.
/// </remarks>
public sealed class PathTracker
{
    private readonly Action<PathEvent> _emit;
    private Attempt? _attempt;
    private TimeSpan _unresolvedSince;
    private TimeSpan _timeout;

    private sealed record Attempt(NetworkPath Path, TimeSpan StartedAt);

    /// <summary>Begins with a validated path.</summary>
    /// <param name="validated">The path that the handshake validated.</param>
    /// <param name="timeout">How long attempts may stay unresolved.</param>
    /// <param name="emit">Takes the events, in order.</param>
    public PathTracker(NetworkPath validated, TimeSpan timeout, Action<PathEvent> emit)
    {
        LastValidated = validated;
        _timeout = timeout;
        _emit = emit;
    }

    /// <summary>The last validated path.</summary>
    public NetworkPath LastValidated { get; private set; }

    /// <summary>Whether an attempt is in flight.</summary>
    public bool IsMigrating => _attempt is not null;

    /// <summary>Whether, since the attempt in flight or the first that it superseded began, the peer was heard from the last validated path, too.</summary>
    public bool HasHeardFromValidated { get; private set; }

    /// <summary>How long attempts may stay unresolved. Changing it moves <see cref="Deadline"/>.</summary>
    public TimeSpan Timeout
    {
        get => _timeout;
        set => _timeout = value > TimeSpan.Zero
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "A migration time-out is longer than zero.");
    }

    /// <summary>When <see cref="Expire"/> is due, by the monotonic clock; <see langword="null"/> without an attempt.</summary>
    public TimeSpan? Deadline => IsMigrating ? _unresolvedSince + _timeout : null;

    /// <summary>The peer now uses <paramref name="path"/>: an authenticated packet with the largest number so far came from there (RFC 9000, section 9.3).</summary>
    public void Adopt(NetworkPath path, Instant now)
    {
        if (LastValidated.ChangeTo(path) is not { } kind)
        {
            Revert(now);
            return;
        }

        if (_attempt is { } attempt)
        {
            if (attempt.Path.ChangeTo(path) is null)
            {
                return;
            }

            _emit(new PathEvent.Superseded(attempt.Path, now.Elapsed - attempt.StartedAt, now.Time));
        }
        else
        {
            _unresolvedSince = now.Elapsed;
            HasHeardFromValidated = false;
        }

        _attempt = new Attempt(path, now.Elapsed);
        _emit(new PathEvent.Detected(LastValidated, path, kind, now.Time));
    }

    /// <summary>
    /// An authenticated packet came from <paramref name="path"/> without making it the current one, as one that was overtaken on its way does. From the
    /// last validated path it shows at the deadline that the peer is still reachable there.
    /// </summary>
    public void Heard(NetworkPath path)
    {
        if (IsMigrating && LastValidated.ChangeTo(path) is null)
        {
            HasHeardFromValidated = true;
        }
    }

    /// <summary>Path validation of <paramref name="path"/> succeeded.</summary>
    public void Validate(NetworkPath path, ValidationEvidence evidence, Instant now)
    {
        if (_attempt is { } attempt && attempt.Path.ChangeTo(path) is null)
        {
            _attempt = null;
            LastValidated = path;
            _emit(new PathEvent.Validated(path, now.Elapsed - attempt.StartedAt, evidence, now.Time));
        }
    }

    /// <summary>The engine cannot tell how the attempt in flight ends.</summary>
    public void GiveUp(Instant now)
    {
        if (_attempt is { } attempt)
        {
            _attempt = null;
            _emit(new PathEvent.Unknown(attempt.Path, now.Elapsed - attempt.StartedAt, now.Time));
        }
    }

    /// <summary>
    /// Ends the attempt in flight if its deadline has passed: as failed only where the last validated path has been silent since it began, so that
    /// datagrams with a forged source address never cost a user the connection.
    /// </summary>
    public void Expire(Instant now)
    {
        if (_attempt is not { } attempt || now.Elapsed < Deadline)
        {
            return;
        }

        if (HasHeardFromValidated)
        {
            Revert(now);
            return;
        }

        _attempt = null;
        var reason = $"no path was validated within {_timeout.TotalSeconds:0.###} s";
        _emit(new PathEvent.Failed(attempt.Path, now.Elapsed - attempt.StartedAt, reason, now.Time));
    }

    private void Revert(Instant now)
    {
        if (_attempt is { } attempt)
        {
            _attempt = null;
            _emit(new PathEvent.Reverted(LastValidated, now.Elapsed - attempt.StartedAt, now.Time));
        }
    }
}
