namespace QuicChat.Gateway.Sessions;

/// <summary>What one connection may do, and how long things may take.</summary>
public sealed class SessionOptions
{
    /// <summary>10 s from the handshake to an accepted Hello: several round trips on a bad network, but no home for idle strangers.</summary>
    public TimeSpan HelloTimeLimit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// 24 h that a session token can be used. It ends the former connection at once instead of when its silence is noticed, so it is of use for
    /// minutes; a day covers whoever comes back next morning.
    /// </summary>
    public TimeSpan SessionTokenLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>64 rooms a connection: more than people follow, and half of the streams that a connection may open.</summary>
    public int MaxRooms { get; set; } = 64;

    /// <summary>
    /// 64 frames of a room stream that may wait for their answer. Further ones stay unread, so that QUIC's flow control holds the sender
    /// (RFC 9000, section 4.1). At a round trip of 10 ms to the store it allows 6,400 messages a second.
    /// </summary>
    public int MaxUnanswered { get; set; } = 64;

    /// <summary>
    /// 10 ms that the report of a path change waits for its end: nearby clients validate within that time, so that one report carries both.
    /// </summary>
    public TimeSpan PathReportDelay { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>2 s that the close after a failed migration waits for its report, so that the cluster hears the reason first.</summary>
    public TimeSpan FailureReportTimeLimit { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// 2 s from GoAway to the close when the process is told to stop. To be elsewhere, and to have its outstanding answers, takes a client
    /// four or five round trips: 1.5 s on a network of 300 ms. What stops the process often waits 10 s and then kills it, and leaving rooms and
    /// cluster takes some of that. Who wants to give clients longer drains the gateway first.
    /// </summary>
    public TimeSpan GoAwayTime { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>1 s to learn from the cluster which other gateways there are; without an answer clients are told to go, but not where.</summary>
    public TimeSpan AlternativesTimeLimit { get; set; } = TimeSpan.FromSeconds(1);
}
