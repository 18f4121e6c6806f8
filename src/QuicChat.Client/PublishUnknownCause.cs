namespace QuicChat.Client;

/// <summary>Why it cannot be known whether a message was stored.</summary>
public enum PublishUnknownCause
{
    /// <summary>The application cancelled the publish after the message had been sent.</summary>
    Cancelled,

    /// <summary>The session, or the room, ended for good before the answer: disposed, or ended by the gateway with a terminal code.</summary>
    Ended,

    /// <summary>
    /// The room's log is not the one that the message was sent to: it was lost, or lost acknowledged messages, and began a new epoch. In the new one
    /// the message's number is taken, by this message or by another.
    /// </summary>
    LogReplaced,

    /// <summary>
    /// More messages are stored under the session's <see cref="ChatClientOptions.ClientId"/> than it has sent: another connection uses the same ID. What
    /// is stored under this message's number may be that one's.
    /// </summary>
    ClientIdShared,

    /// <summary>
    /// The session was away for so long that the room has cut off its messages and forgotten its <see cref="ChatClientOptions.ClientId"/>. The message may
    /// have been among those that were cut off.
    /// </summary>
    Forgotten,
}
