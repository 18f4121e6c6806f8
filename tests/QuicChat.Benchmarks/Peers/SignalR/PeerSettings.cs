namespace QuicChat.Benchmarks.SignalR;

/// <summary>How the peer notices that a connection is dead.</summary>
internal enum PeerSettings
{
    /// <summary>SignalR's defaults: 15 s between its own pings, 30 s until a silent end is given up.</summary>
    Default,

    /// <summary>
    /// A WebSocket ping each second and a time-out of two on both ends: of what SignalR offers, what notices a dead path soonest and keeps
    /// stateful reconnect, for the transport alone ends then and not the connection.
    /// </summary>
    Fair,
}

/// <summary>The times of <see cref="PeerSettings.Fair"/>.</summary>
internal static class FairPing
{
    /// <summary>Between two pings.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Until a ping that is not answered ends the WebSocket.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);
}
