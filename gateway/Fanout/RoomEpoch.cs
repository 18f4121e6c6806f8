namespace QuicChat.Gateway.Fanout;

/// <summary>One life of a room's log as this gateway follows it. Members keep theirs, so that messages of two lives never mix.</summary>
/// <param name="name">The epoch's name.</param>
/// <param name="ring">Its newest messages.</param>
internal sealed class RoomEpoch(string name, MessageRing ring)
{
    /// <summary>The epoch's name.</summary>
    public string Name { get; } = name;

    /// <summary>Its newest messages.</summary>
    public MessageRing Ring { get; } = ring;
}
