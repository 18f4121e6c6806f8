namespace QuicChat.Gateway.Fanout;

/// <summary>
/// The newest messages of one epoch of a room's log, without holes. One writer at a time appends; any number of readers find messages by
/// offset without a lock.
/// </summary>
/// <param name="last">The offset after which the ring begins.</param>
/// <param name="maxBytes">How many bytes of frames are kept; beyond that the oldest go, but the newest message always stays.</param>
internal sealed class MessageRing(long last, int maxBytes)
{
    private const int FirstCapacity = 16;

    // A slot holds the message whose offset leaves the slot's index; readers tell an overwritten slot by the offset in it.
    private RelayedMessage?[] _slots = [];
    private long _first = last + 1;
    private long _last = last;
    private long _bytes;

    /// <summary>The newest offset; the one that the ring began after, where nothing has been appended yet.</summary>
    public long Last => Volatile.Read(ref _last);

    /// <summary>Bytes of frames that are held.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Adds the message that follows <see cref="Last"/>.</summary>
    public void Append(RelayedMessage message)
    {
        if (message.Offset != _last + 1)
        {
            throw new ArgumentException($"Offset {message.Offset} does not follow {_last}.", nameof(message));
        }

        if (message.Offset - _first == _slots.Length)
        {
            Grow();
        }

        _slots[message.Offset & (_slots.Length - 1)] = message;
        _bytes += message.Frame.Length;

        // Readers look at the last offset first, then at the slots: who sees this offset also sees its slot.
        Volatile.Write(ref _last, message.Offset);
        while (_bytes > maxBytes && _first < _last)
        {
            DropFirst();
        }
    }

    /// <summary>Drops messages up to <paramref name="offset"/>.</summary>
    public void Trim(long offset)
    {
        while (_first <= offset && _first <= _last)
        {
            DropFirst();
        }

        if (_first > _last)
        {
            Volatile.Write(ref _slots, []);
        }
    }

    /// <summary>The message at <paramref name="offset"/>, or <see langword="null"/> where it is not in the ring, or no longer.</summary>
    public RelayedMessage? Find(long offset)
    {
        if (offset > Volatile.Read(ref _last))
        {
            return null;
        }

        var slots = Volatile.Read(ref _slots);
        return slots.Length > 0 && Volatile.Read(ref slots[offset & (slots.Length - 1)]) is { } message && message.Offset == offset
            ? message
            : null;
    }

    private void Grow()
    {
        var larger = new RelayedMessage?[Math.Max(FirstCapacity, 2 * _slots.Length)];
        for (var offset = _first; offset <= _last; offset++)
        {
            larger[offset & (larger.Length - 1)] = _slots[offset & (_slots.Length - 1)];
        }

        Volatile.Write(ref _slots, larger);
    }

    private void DropFirst()
    {
        ref var slot = ref _slots[_first & (_slots.Length - 1)];
        _bytes -= slot!.Frame.Length;
        slot = null;
        _first++;
    }
}
