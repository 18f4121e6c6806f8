namespace QuicChat.Client;

/// <summary>How a session reconnects, and what it keeps meanwhile.</summary>
public sealed class ChatSessionOptions
{
    /// <summary>
    /// The longest wait before the first try to reconnect: 500 ms. Each wait is random between zero and its longest, so that the clients of a gateway that
    /// has died do not fall on the next one in the same instant; half a second spreads a thousand of them to two a millisecond.
    /// </summary>
    public TimeSpan FirstRetryDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// What the longest wait, which doubles with each try, grows to: 10 s. So after a long outage clients are back soon, and while it lasts one costs a try in
    /// 5 s on average. A connection that has lasted as long makes the next wait a first one again.
    /// </summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long the session goes on trying before it closes: without end by default, for a phone may be without a network for hours, and the application
    /// knows from <see cref="ChatSession.State"/>.
    /// </summary>
    public TimeSpan GiveUpAfter { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// Messages of a room that are kept without an answer, in flight or waiting for a connection: 1,000. That is what people type in hours, and at most
    /// 32 MiB. One more fails with <see cref="PublishQueueFullException"/>.
    /// </summary>
    public int MaxPendingPublishes { get; init; } = 1_000;
}
