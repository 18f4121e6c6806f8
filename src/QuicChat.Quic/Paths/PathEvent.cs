namespace QuicChat.Quic.Paths;

/// <summary>
/// Something that happened to a connection's path. An attempt begins with <see cref="Detected"/> and ends with exactly one of
/// <see cref="Validated"/>, <see cref="Reverted"/>, <see cref="Superseded"/>, <see cref="Unknown"/> and <see cref="Failed"/>,
/// or with the end of the connection. <see cref="Denied"/> stands outside of attempts.
/// </summary>
/// <param name="At">When it happened.</param>
public abstract record PathEvent(DateTimeOffset At)
{
    /// <summary>The peer's end point left the last validated path: an attempt begins.</summary>
    /// <param name="From">The last validated path.</param>
    /// <param name="To">The new path, not yet validated.</param>
    /// <param name="Kind">What changed.</param>
    /// <param name="At">When the first authenticated packet arrived from the new path.</param>
    public sealed record Detected(NetworkPath From, NetworkPath To, PathChangeKind Kind, DateTimeOffset At) : PathEvent(At);

    /// <summary>The new path works in both directions.</summary>
    /// <param name="Path">The path, from now on the last validated one.</param>
    /// <param name="Duration">Time since the attempt's <see cref="Detected"/>.</param>
    /// <param name="Evidence">How the engine knows.</param>
    /// <param name="At">When it became known.</param>
    public sealed record Validated(NetworkPath Path, TimeSpan Duration, ValidationEvidence Evidence, DateTimeOffset At) : PathEvent(At);

    /// <summary>Authenticated packets come again from the last validated path: no migration took place.</summary>
    /// <param name="Path">The last validated path.</param>
    /// <param name="Duration">Time since the attempt's <see cref="Detected"/>.</param>
    /// <param name="At">When it became known.</param>
    public sealed record Reverted(NetworkPath Path, TimeSpan Duration, DateTimeOffset At) : PathEvent(At);

    /// <summary>The peer went on to a third path before this one was validated; a new <see cref="Detected"/> follows at once.</summary>
    /// <param name="Path">The path that was given up.</param>
    /// <param name="Duration">Time since the attempt's <see cref="Detected"/>.</param>
    /// <param name="At">When it became known.</param>
    public sealed record Superseded(NetworkPath Path, TimeSpan Duration, DateTimeOffset At) : PathEvent(At);

    /// <summary>This engine cannot tell how the attempt ended.</summary>
    /// <param name="Path">The path in question.</param>
    /// <param name="Duration">Time since the attempt's <see cref="Detected"/>.</param>
    /// <param name="At">When the engine gave up.</param>
    public sealed record Unknown(NetworkPath Path, TimeSpan Duration, DateTimeOffset At) : PathEvent(At);

    /// <summary>The deadline passed, and no validated path carried an authenticated packet since the attempt began.</summary>
    /// <param name="Path">The path that could not be validated.</param>
    /// <param name="Duration">Time since the attempt's <see cref="Detected"/>.</param>
    /// <param name="Reason">Why, in words for an operator.</param>
    /// <param name="At">When the deadline passed.</param>
    public sealed record Failed(NetworkPath Path, TimeSpan Duration, string Reason, DateTimeOffset At) : PathEvent(At);

    /// <summary>
    /// <see cref="IConnectionPathFeature.Judge"/> denies a path. An engine with <see cref="PathCapabilities.Refusal"/> has dropped a
    /// datagram that came from there; it is no attempt and not authenticated: anyone could have sent it. Told once a path until the peer
    /// is on another validated path, and of at most 8 paths. Other engines tell it of an attempt in flight, instead of
    /// <see cref="Validated"/>, once a round trip has shown that the peer is there.
    /// </summary>
    /// <param name="From">The last validated path.</param>
    /// <param name="To">The path that was denied.</param>
    /// <param name="Kind">What would have changed.</param>
    /// <param name="Reason">Why, in words for an operator.</param>
    /// <param name="At">When.</param>
    public sealed record Denied(NetworkPath From, NetworkPath To, PathChangeKind Kind, string Reason, DateTimeOffset At) : PathEvent(At);
}
