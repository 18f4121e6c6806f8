namespace QuicChat.Gateway.Fanout;

/// <summary>How rooms reach their members at this gateway.</summary>
public sealed class FanoutOptions
{
    /// <summary>
    /// How often a room's wish for messages is renewed, and its tail learnt: 2 s. It lapses after 10 s, so four renewals may be lost; and a
    /// lost last message shows after 2 s.
    /// </summary>
    public TimeSpan RenewInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// 30 s that a join or a publish is tried while the cluster does not answer: longer than rooms need to move off a dead silo (20 s).
    /// Then the stream is reset, and the client joins again.
    /// </summary>
    public TimeSpan CallTimeLimit { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Bytes of frames a room keeps at hand for its members: 4 MiB, about two seconds of the fastest room. Who is further behind reads the
    /// log. A room without traffic keeps nothing.
    /// </summary>
    public int RingBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>
    /// 256 KiB that may wait for one room stream, its own messages until they are stored included: a second of a fast room. A stream
    /// for which more waits has no more frames read. The room's messages beyond that stay in the log, where the member finds them when
    /// it goes on.
    /// </summary>
    public int OutboxBytes { get; set; } = 256 * 1024;

    /// <summary>
    /// Batches kept while a hole before them is filled from the log: 64, about a second of them, and no more than <see cref="RingBytes"/>.
    /// Further ones are read from the log too.
    /// </summary>
    public int MaxBatchesAhead { get; set; } = 64;

    /// <summary>
    /// 0.5 ms a member that a room's messages are gathered after it has woken its members; the first one after a pause goes at once. To each member
    /// goes a datagram at least, whatever is in it, so that a busy room costs far less where more is in each. With less than 2 ms, as in rooms of
    /// up to three members, nothing is gathered; with 0 nowhere. Rooms of fifty and more have their members take turns within that time.
    /// </summary>
    public TimeSpan GatherTimePerMember { get; set; } = TimeSpan.FromMicroseconds(500);

    /// <summary>15 ms that messages are gathered at most, however many members there are; nobody notices.</summary>
    public TimeSpan MaxGatherTime { get; set; } = TimeSpan.FromMilliseconds(15);
}
