namespace QuicChat.Grains.Rooms;

/// <summary>
/// Who has published what, so far as the log remembers: finds a repeated message. It is derived from the log's entries alone.
/// </summary>
internal sealed class RoomPublishers
{
    private readonly Dictionary<(string UserId, string ClientId), RoomPublisher> _publishers = [];
    private readonly Queue<RoomPublisher> _expired = [];
    private readonly Queue<(RoomPublisher Publisher, DateTimeOffset SentAt)> _entries = [];

    /// <summary>How many entries are in the log.</summary>
    public int Count => _expired.Count + _entries.Count;

    /// <summary>How many of them, the oldest, are too old to be read.</summary>
    public int Expired => _expired.Count;

    /// <summary>A publisher, if it is known.</summary>
    public RoomPublisher? Find(string userId, string clientId) => _publishers.GetValueOrDefault((userId, clientId));

    /// <summary>A publisher, new where it is not known.</summary>
    public RoomPublisher Get(string userId, string clientId)
    {
        if (!_publishers.TryGetValue((userId, clientId), out var publisher))
        {
            publisher = new RoomPublisher(userId, clientId);
            _publishers.Add((userId, clientId), publisher);
        }

        return publisher;
    }

    /// <summary>An entry stands in the log.</summary>
    public void Add(string userId, string clientId, long clientSeq, long offset, DateTimeOffset sentAt)
    {
        var publisher = Get(userId, clientId);
        publisher.Add(clientSeq, offset);
        _entries.Enqueue((publisher, sentAt));
    }

    /// <summary>Counts the entries from before a time as too old to be read; they are found as repeated until they are cut off.</summary>
    public void Expire(DateTimeOffset before)
    {
        while (_entries.TryPeek(out var entry) && entry.SentAt < before)
        {
            _expired.Enqueue(_entries.Dequeue().Publisher);
        }
    }

    /// <summary>Forgets the oldest entries.</summary>
    /// <param name="count">How many.</param>
    /// <returns>The last number of each publisher among them.</returns>
    public IReadOnlyList<(string UserId, string ClientId, long ClientSeq)> CutOff(int count)
    {
        var last = new Dictionary<RoomPublisher, long>();
        for (; count > 0; count--)
        {
            var publisher = _expired.TryDequeue(out var expired) ? expired : _entries.Dequeue().Publisher;
            last[publisher] = publisher.CutOff();
        }

        return [.. last.Select(item => (item.Key.UserId, item.Key.ClientId, item.Value))];
    }
}
