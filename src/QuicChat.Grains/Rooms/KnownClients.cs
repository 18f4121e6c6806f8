namespace QuicChat.Grains.Rooms;

/// <summary>
/// Who has published what, so far as the log remembers: finds a repeated message. It is derived from the log's entries, and from the notes
/// beside it of clients that have none any more.
/// </summary>
internal sealed class KnownClients
{
    private readonly Dictionary<(string UserId, string ClientId), KnownClient> _clients = [];
    private readonly Queue<KnownClient> _expired = [];
    private readonly Queue<(KnownClient Client, DateTimeOffset SentAt)> _entries = [];
    private readonly LinkedList<KnownClient> _notes = [];

    /// <summary>How many entries are in the log.</summary>
    public int Count => _expired.Count + _entries.Count;

    /// <summary>How many of them, the oldest, are too old to be read.</summary>
    public int Expired => _expired.Count;

    /// <summary>A client, if it is known.</summary>
    public KnownClient? Find(string userId, string clientId) => _clients.GetValueOrDefault((userId, clientId));

    /// <summary>A client, new where it is not known.</summary>
    public KnownClient Get(string userId, string clientId)
    {
        if (!_clients.TryGetValue((userId, clientId), out var client))
        {
            client = new KnownClient(userId, clientId);
            _clients.Add((userId, clientId), client);
        }

        return client;
    }

    /// <summary>An entry stands in the log.</summary>
    public void Add(RoomLogEntry entry)
    {
        var message = entry.Message;
        var client = Get(message.UserId, message.ClientId);
        client.Add(message.ClientSeq, message.Offset, message.Body, entry.Term);
        _entries.Enqueue((client, message.SentAt));
    }

    /// <summary>A note stands beside the log; the oldest come first.</summary>
    public void Add(CutOffClient note)
    {
        var client = Get(note.UserId, note.ClientId);
        client.Reach(note.LastClientSeq, note.Term);
        Note(client, note.At);
    }

    /// <summary>The log was read anew; terms that were given out before hold on.</summary>
    public void RaiseTo(KnownClients former)
    {
        foreach (var client in former._clients.Values)
        {
            Find(client.UserId, client.ClientId)?.Raise(client.Term);
        }
    }

    /// <summary>What a client had on its way is not any more.</summary>
    public void Withdraw(string userId, string clientId)
    {
        var client = Get(userId, clientId);
        client.Withdraw();
        RemoveForgotten(client);
    }

    /// <summary>Counts the entries from before a time as too old to be read; they are found as repeated until they are cut off.</summary>
    public void Expire(DateTimeOffset before)
    {
        while (_entries.TryPeek(out var entry) && entry.SentAt < before)
        {
            _expired.Enqueue(_entries.Dequeue().Client);
        }
    }

    /// <summary>Forgets the oldest entries.</summary>
    /// <param name="count">How many.</param>
    /// <param name="now">The time.</param>
    /// <returns>What is to be noted: the clients among them that have no entry left.</returns>
    public IReadOnlyList<CutOffClient> CutOff(int count, DateTimeOffset now)
    {
        var touched = new HashSet<KnownClient>();
        for (; count > 0; count--)
        {
            var client = _expired.TryDequeue(out var expired) ? expired : _entries.Dequeue().Client;
            client.CutOff();
            touched.Add(client);
        }

        touched.RemoveWhere(client => client.HasEntries);
        foreach (var client in touched)
        {
            Note(client, now);
        }

        return [.. touched.Select(client => new CutOffClient(client.UserId, client.ClientId, client.LastClientSeq, client.Term, now))];
    }

    /// <summary>Whose notes are to go: those from before a time, and the oldest of more than there may be.</summary>
    /// <param name="before">The time.</param>
    /// <param name="limit">How many notes there may be.</param>
    /// <param name="most">How many go at once.</param>
    public IReadOnlyList<KnownClient> FindOldNotes(DateTimeOffset before, int limit, int most)
        => [.. _notes.TakeWhile((client, index) => index < _notes.Count - limit || client.CutOffAt < before).Take(most)];

    /// <summary>The notes of these clients are gone.</summary>
    public void Forget(IReadOnlyList<KnownClient> clients)
    {
        foreach (var client in clients)
        {
            _notes.Remove(client.Note!);
            client.Note = null;
            RemoveForgotten(client);
        }
    }

    /// <summary>Lets a client go of whom nothing is left; else those whose messages never came into the log would pile up.</summary>
    public void RemoveForgotten(KnownClient client)
    {
        if (client.IsForgotten)
        {
            _clients.Remove((client.UserId, client.ClientId));
        }
    }

    private void Note(KnownClient client, DateTimeOffset at)
    {
        if (client.Note is { } older)
        {
            _notes.Remove(older);
        }

        client.Note = _notes.AddLast(client);
        client.CutOffAt = at;
    }
}
