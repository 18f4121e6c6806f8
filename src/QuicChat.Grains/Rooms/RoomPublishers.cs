namespace QuicChat.Grains.Rooms;

/// <summary>
/// Who has published what, so far as the log remembers: finds a repeated message. It is derived from the log's entries, and from the notes beside it
/// of clients that have none any more.
/// </summary>
internal sealed class RoomPublishers
{
    private readonly Dictionary<(string UserId, string ClientId), RoomPublisher> _publishers = [];
    private readonly Queue<RoomPublisher> _expired = [];
    private readonly Queue<(RoomPublisher Publisher, DateTimeOffset SentAt)> _entries = [];
    private readonly LinkedList<RoomPublisher> _notes = [];

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
    public void Add(RoomLogEntry entry)
    {
        var message = entry.Message;
        var publisher = Get(message.UserId, message.ClientId);
        publisher.Add(message.ClientSeq, message.Offset, message.Body, entry.Term);
        _entries.Enqueue((publisher, message.SentAt));
    }

    /// <summary>A note stands beside the log; the oldest come first.</summary>
    public void Add(CutOffClient client)
    {
        var publisher = Get(client.UserId, client.ClientId);
        publisher.Reach(client.LastClientSeq, client.Term);
        Note(publisher, client.At);
    }

    /// <summary>What a client had on its way is not any more.</summary>
    public void Withdraw(string userId, string clientId)
    {
        var publisher = Get(userId, clientId);
        publisher.Withdraw();
        RemoveForgotten(publisher);
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
    /// <param name="now">The time.</param>
    /// <returns>What is to be noted: the publishers among them that have no entry left.</returns>
    public IReadOnlyList<CutOffClient> CutOff(int count, DateTimeOffset now)
    {
        var touched = new HashSet<RoomPublisher>();
        for (; count > 0; count--)
        {
            var publisher = _expired.TryDequeue(out var expired) ? expired : _entries.Dequeue().Publisher;
            publisher.CutOff();
            touched.Add(publisher);
        }

        touched.RemoveWhere(publisher => publisher.HasEntries);
        foreach (var publisher in touched)
        {
            Note(publisher, now);
        }

        return [.. touched.Select(publisher => new CutOffClient(publisher.UserId, publisher.ClientId, publisher.LastClientSeq, publisher.Term, now))];
    }

    /// <summary>Whose notes are to go: those from before a time, and the oldest of more than there may be.</summary>
    /// <param name="before">The time.</param>
    /// <param name="limit">How many notes there may be.</param>
    /// <param name="most">How many go at once.</param>
    public IReadOnlyList<RoomPublisher> FindOldNotes(DateTimeOffset before, int limit, int most)
        => [.. _notes.TakeWhile((publisher, index) => index < _notes.Count - limit || publisher.CutOffAt < before).Take(most)];

    /// <summary>The notes of these publishers are gone.</summary>
    public void Forget(IReadOnlyList<RoomPublisher> publishers)
    {
        foreach (var publisher in publishers)
        {
            _notes.Remove(publisher.Note!);
            publisher.Note = null;
            RemoveForgotten(publisher);
        }
    }

    /// <summary>Lets a publisher go of whom nothing is left; else those whose messages never came into the log would pile up.</summary>
    public void RemoveForgotten(RoomPublisher publisher)
    {
        if (publisher.IsForgotten)
        {
            _publishers.Remove((publisher.UserId, publisher.ClientId));
        }
    }

    private void Note(RoomPublisher publisher, DateTimeOffset at)
    {
        if (publisher.Note is { } older)
        {
            _notes.Remove(older);
        }

        publisher.Note = _notes.AddLast(publisher);
        publisher.CutOffAt = at;
    }
}
