namespace QuicChat.Grains.Rooms;

internal sealed partial class RoomGrain
{
    // A script's arguments have to fit on the stack of Redis' Lua.
    private const int TrimLimit = 1_000;

    // What has grown old is cut off so often at most, unless it is a whole step.
    private static readonly TimeSpan TrimInterval = TimeSpan.FromMinutes(1);

    private long _mayTrimAt;

    /// <summary>Messages that are too old by now are read no more, and cut off in steps.</summary>
    private void CutOffOld()
    {
        Expire();
        if (_isOpen && CountOld() > 0)
        {
            Write();
        }
    }

    private void Expire()
    {
        _clients.Expire(time.GetUtcNow() - _options.RetentionTime);
        _tail = _tail with { FirstOffset = _tail.LastOffset - (_clients.Count - _clients.Expired) + 1 };
    }

    /// <summary>How many entries are to be cut off now, as many as one step may.</summary>
    private int CountOld()
    {
        var surplus = _clients.Count - _options.Retention;
        var old = surplus > _options.Retention / 10 ? surplus : 0;
        if (_clients.Expired >= TrimLimit || (_clients.Expired > 0 && time.GetTimestamp() >= _mayTrimAt))
        {
            old = Math.Max(old, Math.Min(_clients.Expired, _clients.Count - 1));
        }

        return Math.Min(old, TrimLimit);
    }

    private async Task TrimAsync(int count)
    {
        var now = time.GetUtcNow();
        var cutOff = _clients.CutOff(count, now);

        // Who reads meanwhile goes by what is left.
        Expire();
        var forgotten = _clients.FindOldNotes(now - _options.RetentionTime, _options.CutOffClients, TrimLimit);
        if (await log.TrimAsync(Room, _fence, _clients.Count, cutOff, [.. forgotten.Select(client => (client.UserId, client.ClientId))]))
        {
            _clients.Forget(forgotten);
        }
        else
        {
            Leave();
        }

        if (_clients.Expired <= 1)
        {
            _mayTrimAt = time.GetTimestamp() + (long)(TrimInterval.TotalSeconds * time.TimestampFrequency);
        }
    }
}
