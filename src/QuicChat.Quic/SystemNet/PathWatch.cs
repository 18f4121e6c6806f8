using System.Net;
using System.Threading.Channels;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.SystemNet;

/// <summary>
/// Makes attempts of a peer's end point that changes without a word, and of round trips that the application makes. It has no clock, no
/// timer and no socket: whoever owns it says where the peer is, and when.
/// </summary>
/// <remarks>
/// MsQuic goes to the peer's new end point with the first packet from there, before it has validated the path, and says nothing of how
/// validation ends. Where it fails, MsQuic goes back and does not tell that either, but only after three probe time-outs (RFC 9000,
/// section 8.2.4), and never before six times its initial round-trip time of 333 ms. So a round trip within
/// <see cref="ConfirmationLimit"/> went over the new path; a later one may not have.
/// </remarks>
internal sealed class PathWatch
{
    /// <summary>1 s: a round trip that ends later shows nothing.</summary>
    public static readonly TimeSpan ConfirmationLimit = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly PathEventQueue _events = new();
    private readonly PathTracker _tracker;
    private NetworkPath _current;
    private IPEndPoint _seen;
    private Attempt? _attempt;
    private volatile PathJudge? _judge;

    private sealed record Attempt(TimeSpan Since, string? Denial)
    {
        public bool IsDenialTold { get; set; }
    }

    /// <summary>Begins with the path of the handshake, which has validated it (RFC 9000, section 8.1).</summary>
    /// <param name="local">This side's end point.</param>
    /// <param name="remote">The peer's.</param>
    public PathWatch(IPEndPoint local, IPEndPoint remote)
    {
        _seen = remote;
        _current = new NetworkPath(Plain(local), Plain(remote));

        _tracker = new PathTracker(_current, ConfirmationLimit, _events.Write);
    }

    /// <summary>Where the peer was when it was last looked at.</summary>
    public NetworkPath Current => Volatile.Read(ref _current);

    /// <summary>The connection's path events.</summary>
    public ChannelReader<PathEvent> Events => _events;

    /// <summary>Who says where the peer may go.</summary>
    public PathJudge? Judge
    {
        get => _judge;
        set => _judge = value;
    }

    /// <summary>Takes notice of where the peer is, and of time. Costs next to nothing while nothing happens.</summary>
    /// <param name="remote">The peer's end point; the same object for as long as it has not changed.</param>
    /// <param name="now">The time.</param>
    public void Look(IPEndPoint remote, Instant now)
    {
        if (ReferenceEquals(remote, Volatile.Read(ref _seen)) && Volatile.Read(ref _attempt) is null)
        {
            return;
        }

        lock (_gate)
        {
            Update(remote, now);
        }
    }

    /// <summary>A round trip of the application has succeeded that was begun after the attempt in flight was detected.</summary>
    public void Confirm(IPEndPoint remote, Instant now)
    {
        lock (_gate)
        {
            Update(remote, now);
            switch (_attempt)
            {
                case { Denial: null }:
                    _attempt = null;
                    _tracker.Validate(_current, ValidationEvidence.Inferred, now);
                    break;
                case { Denial: { } reason, IsDenialTold: false } denied when _tracker.LastValidated.ChangeTo(_current) is { } kind:
                    denied.IsDenialTold = true;
                    _events.Write(new PathEvent.Denied(_tracker.LastValidated, _current, kind, reason, now.Time));
                    break;
            }
        }
    }

    /// <summary>The connection has ended.</summary>
    public void Complete() => _events.Complete();

    /// <summary>The end point without IPv6 around an IPv4 address.</summary>
    public static IPEndPoint Plain(IPEndPoint endPoint)
        => endPoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endPoint.Address.MapToIPv4(), endPoint.Port) : endPoint;

    private void Update(IPEndPoint remote, Instant now)
    {
        if (_attempt is { } attempt && now.Elapsed - attempt.Since > ConfirmationLimit)
        {
            _attempt = null;
            _tracker.GiveUp(now);
        }

        if (ReferenceEquals(remote, _seen))
        {
            return;
        }

        _seen = remote;
        var path = _current with { Remote = Plain(remote) };
        if (_current.ChangeTo(path) is null)
        {
            return;
        }

        Volatile.Write(ref _current, path);

        // Asked before the change is told of: who counts migrations must not count this one against itself.
        var denial = _tracker.LastValidated.ChangeTo(path) is null ? null : _judge?.Invoke(_tracker.LastValidated, path);
        _tracker.Adopt(path, now);
        _attempt = _tracker.IsMigrating ? new Attempt(now.Elapsed, denial) : null;
    }
}
