using System.Collections.Immutable;
using System.Text;
using QuicChat.Abstractions.Rooms;

namespace QuicChat.Grains.Rooms;

// Pages of the log, for who is behind or asks for what was.
internal sealed partial class RoomGrain
{
    private const int PageLimit = 100;

    // A gateway holds a page for each member that reads the log.
    private const int PageBytes = 64 * 1024;

    // Entries that a page is begun with. Two large messages fill one; to read a hundred for them would keep the silo from its other rooms.
    private int _firstFetch = 16;

    public async Task<RoomPage> Read(long fromOffset, int limit)
    {
        ThrowIfFenced();
        CutOffOld();
        try
        {
            var page = await ReadAsync(fromOffset, limit);
            if (page is null)
            {
                // The log has less than it had: where it was rolled back, it begins a new epoch.
                await ReopenAsync();
                page = await ReadAsync(fromOffset, limit);
            }

            return page ?? throw new InvalidOperationException("the log is shorter than it was a moment ago");
        }
        catch (Exception error) when (error is not RoomUnavailableException)
        {
            throw Unavailable(error);
        }
    }

    /// <summary>Reads a page of the messages that there are: as many as it may hold bytes of, at least one.</summary>
    /// <returns>The page; <see langword="null"/> where the log does not have what it should.</returns>
    private async Task<RoomPage?> ReadAsync(long fromOffset, int limit)
    {
        var tail = _tail;
        var start = Math.Max(fromOffset, tail.FirstOffset);
        var count = Math.Min(Math.Min(limit, PageLimit), tail.LastOffset - start + 1);
        if (count <= 0)
        {
            return new RoomPage(tail, []);
        }

        var (page, bytes) = (ImmutableArray.CreateBuilder<RoomMessage>(), 0);
        for (var fetch = _firstFetch; page.Count < count && bytes < PageBytes; fetch = page.Count)
        {
            var next = page.Count == 0 ? start : page[^1].Offset + 1;
            var messages = await log.ReadAsync(Room, _tail.LastOffset - _clients.Count + 1, next, (int)Math.Min(fetch, count - page.Count));
            if (messages.Count == 0 || (page.Count > 0 && messages[0].Offset != next))
            {
                break;
            }

            for (var i = 0; i < messages.Count && bytes < PageBytes; i++)
            {
                bytes += Encoding.UTF8.GetByteCount(messages[i].Body);
                page.Add(messages[i]);
            }

            if (_tail.Epoch != tail.Epoch || _tail.LastOffset < tail.LastOffset || _tail.FirstOffset > page[^1].Offset + 1)
            {
                // What follows may be of another log, or is cut off.
                break;
            }
        }

        // Slowly up again: of small messages a few reads more cost little.
        _firstFetch = bytes >= PageBytes ? page.Count
            : page.Count >= _firstFetch ? Math.Min(2 * _firstFetch, PageLimit)
            : _firstFetch;
        return page.Count > 0 || _tail.Epoch != tail.Epoch || _tail.FirstOffset > start
            ? new RoomPage(tail, page.DrainToImmutable())
            : null;
    }
}
