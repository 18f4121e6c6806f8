namespace QuicChat.Abstractions.Rooms;

/// <summary>What became of a message.</summary>
[GenerateSerializer, Alias("quicchat.room.publish-outcome")]
public enum PublishOutcome
{
    /// <summary>It is stored now.</summary>
    Stored = 0,

    /// <summary>It was stored before; the offset is the old one.</summary>
    Duplicate = 1,

    /// <summary>Its number is above the next one: an earlier message is missing.</summary>
    Gap = 2,

    /// <summary>Its number is at or below the last one, but so old that its offset is no longer known.</summary>
    Forgotten = 3,

    /// <summary>It is not stored: another message of the client is, under this number.</summary>
    Taken = 4,

    /// <summary>It is not stored: a newer stream of the client has taken its numbers over.</summary>
    Superseded = 5,
}
