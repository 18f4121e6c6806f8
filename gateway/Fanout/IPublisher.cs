using QuicChat.Abstractions.Rooms;

namespace QuicChat.Gateway.Fanout;

/// <summary>Who waits for what became of its messages: a room stream.</summary>
internal interface IPublisher
{
    /// <summary>Whether nobody waits any more; messages that are not under way yet are then dropped.</summary>
    bool HasEnded { get; }

    /// <summary>What became of a message; in the order of the messages.</summary>
    void Answer(PublishRequest request, PublishReceipt receipt);

    /// <summary>What became of its messages cannot be known.</summary>
    void Fail(Exception reason);
}
