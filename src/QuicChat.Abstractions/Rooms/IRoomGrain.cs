using System.Collections.Immutable;
using Orleans.Concurrency;
using QuicChat.Abstractions.Gateways;

namespace QuicChat.Abstractions.Rooms;

/// <summary>A room, keyed by its name: puts messages into one order, stores them, and hands them to the gateways that have members in it.</summary>
[Alias("quicchat.room")]
public interface IRoomGrain : IGrainWithStringKey
{
    /// <summary>
    /// Asks for the room's messages on behalf of a gateway, or renews that wish; it lapses 10 s after the last call, and with it what the gateway
    /// has said of its members. Batches may be lost; the tail in the answer shows what is missing, and <see cref="Read"/> fills it. To a gateway
    /// that has seen nothing of the log yet, only an activation that is the log's writer at that moment answers.
    /// </summary>
    /// <exception cref="RoomUnavailableException">The log is out of reach.</exception>
    [Alias("Attach")]
    [AlwaysInterleave]
    Task<RoomStanding> Attach(string gatewayId, IGatewayObserver observer, RoomRenewal renewal);

    /// <summary>Ends the wish of a gateway without members in the room.</summary>
    [Alias("Detach")]
    [AlwaysInterleave]
    Task Detach(string gatewayId);

    /// <summary>
    /// Reads who is in the room, on behalf of a gateway that has said that it wants to know; changes follow to its observer, numbered on from
    /// the answer.
    /// </summary>
    [Alias("GetPresence")]
    [AlwaysInterleave]
    Task<RoomPresence> GetPresence(string gatewayId);

    /// <summary>
    /// Stores a message, or finds it stored: <c>clientSeq</c> is dense from 1 a user, client and room. Last + 1 is stored, one at or below it answers
    /// its old offset if it is the same text, one above is refused. The answer comes once the message is in the store.
    /// </summary>
    /// <exception cref="RoomUnavailableException">The log is out of reach; the message is to be published again under its number.</exception>
    [Alias("Publish")]
    [AlwaysInterleave]
    Task<PublishReceipt> Publish(PublishRequest request);

    /// <summary>
    /// As <see cref="Publish"/>, for several messages in their order. Calls may overtake each other on their way, so a gateway with several
    /// messages of one client on the way sends them so: those that came while one call was out go with the next.
    /// </summary>
    /// <param name="requests">The messages.</param>
    /// <param name="gatewayId">
    /// The gateway, where it has asked for the room's messages by <see cref="Attach"/>: the answer takes along what there is for it. As batches, an
    /// answer may be lost.
    /// </param>
    [Alias("PublishAll")]
    [AlwaysInterleave]
    Task<PublishAnswer> PublishAll(ImmutableArray<PublishRequest> requests, string? gatewayId = null);

    /// <summary>
    /// Reads stored messages from <paramref name="fromOffset"/> on, at most <paramref name="limit"/> (100 at the most). A page may hold fewer
    /// than there are.
    /// </summary>
    [Alias("Read")]
    [AlwaysInterleave]
    Task<RoomPage> Read(long fromOffset, int limit);

    /// <summary>
    /// Takes a client's numbers over for a new stream. What became of messages that are on their way into the log is waited for, and only an
    /// activation that is the log's writer at that moment answers, so that none of their numbers is used again. What older streams still
    /// have on the way is refused from now on, with two exceptions, until the first message of the new stream is in line: the room does not
    /// note a client that has no message in its log, nor does the next activation know what this one has given out. Older messages may then still be
    /// stored, and the new stream's one under a number of theirs is answered <see cref="PublishOutcome.Taken"/>.
    /// </summary>
    /// <exception cref="RoomUnavailableException">
    /// The log is out of reach, so it cannot be known where the client stands; or the room has moved, and is to be asked again.
    /// </exception>
    [Alias("TakeOver")]
    [AlwaysInterleave]
    Task<ClientStanding> TakeOver(string userId, string clientId);
}
