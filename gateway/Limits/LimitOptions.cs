namespace QuicChat.Gateway.Limits;

/// <summary>How much a gateway takes on. What is above is refused with a code that says so; nobody else notices.</summary>
public sealed class LimitOptions
{
    /// <summary>
    /// 20,000 connections of this gateway: about 70 KiB each before they join rooms, 1.4 GiB together, and a multiple of that with rooms and
    /// what waits in them, which is what a server commonly gives one process. Above it handshakes are refused, and clients try the next
    /// gateway of their list.
    /// </summary>
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>
    /// 64 connections of one user at this gateway: more than anyone has devices, and enough for a handful of bots on one account.
    /// </summary>
    public int MaxConnectionsPerUser { get; set; } = 64;

    /// <summary>
    /// 1,000 messages a second from one connection, over all its rooms. People send a few a minute and busy bots some dozens a second; at a
    /// thousand a sender's room does nothing else, and others in it would begin to wait.
    /// </summary>
    public int PublishRate { get; set; } = 1_000;

    /// <summary>2,000 messages at once: what a client holds back while it is cut off for some seconds comes in one go when it is back.</summary>
    public int PublishBurst { get; set; } = 2_000;

    /// <summary>
    /// 10 joins a second of one connection, whatever the rooms. Each costs a handful of calls to the room and its store, and makes the
    /// room where there was none; nobody goes through rooms faster than one can look at them.
    /// </summary>
    public int JoinRate { get; set; } = 10;

    /// <summary>128 joins at once: all rooms that a connection may have, and once more where their streams are reset together.</summary>
    public int JoinBurst { get; set; } = 128;

    /// <summary>
    /// 50 pages of history a second of one connection, over all its rooms. Each is up to 64 KiB that a room reads from its store, so one
    /// connection costs 3 MiB a second at most; people turn pages by hand, and whoever copies a log of 10,000 lines has it in two seconds.
    /// What is above waits.
    /// </summary>
    public int HistoryRate { get; set; } = 50;

    /// <summary>100 pages of history at once: one for each room that a connection may have, or a log of 10,000 lines.</summary>
    public int HistoryBurst { get; set; } = 100;

    /// <summary>
    /// 500 handshakes a second: with its token and its registration each costs one and a half to three milliseconds of a processor, so all
    /// of them together about one, and the others stay for those that are connected. The clients of a gateway of 10,000 that died are back
    /// within 20 s.
    /// </summary>
    public int HandshakeRate { get; set; } = 500;

    /// <summary>1,000 handshakes at once: two seconds' worth, so that a crowd that comes together at a moment is let in.</summary>
    public int HandshakeBurst { get; set; } = 1_000;
}
