using System.Collections.Immutable;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Rooms;

namespace QuicChat.Grains.Rooms;

/// <summary>What a room has for one gateway.</summary>
internal sealed class GatewayFeed(string gatewayId)
{
    public string GatewayId { get; } = gatewayId;

    public IGatewayObserver Observer { get; set; } = null!;

    public DateTimeOffset Until { get; set; }

    public List<(string Epoch, RoomMessage Message)> Queue { get; } = [];

    /// <summary>When messages last left; the first ones have long been due.</summary>
    public long SentAt { get; private set; } = TimeProvider.System.GetTimestamp() - TimeProvider.System.TimestampFrequency;

    /// <summary>Ends the gathering of messages.</summary>
    public TaskCompletionSource? Full { get; set; }

    public Task Delivery { get; set; } = Task.CompletedTask;

    /// <summary>Whether messages are on their way that the gateway has not confirmed.</summary>
    public bool IsDelivering { get; set; }

    /// <summary>How many answers are about to go to the gateway; the first of them takes along what is here.</summary>
    public int AnswersDue { get; set; }

    /// <summary>Takes the oldest messages out of the queue, of which there must be one.</summary>
    public RoomBatch Take(string room, string writer, int limit)
    {
        // By the real time, whatever clock the room's stored times go by: this is about calls and nothing else.
        SentAt = TimeProvider.System.GetTimestamp();
        var epoch = Queue[0].Epoch;
        var messages = Queue.Take(limit).TakeWhile(entry => entry.Epoch == epoch).Select(entry => entry.Message).ToImmutableArray();
        Queue.RemoveRange(0, messages.Length);
        return new RoomBatch(room, epoch, messages, writer);
    }
}
