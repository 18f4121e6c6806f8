using System.Collections.Concurrent;
using QuicChat.Cli.Load;
using QuicChat.Cli.Verbs;

namespace QuicChat.Benchmarks.SignalR;

/// <summary>
/// One client of a load on SignalR. Messages there have no offsets, so what arrived is told by each publisher's own numbers; and what is to arrive at all
/// members is what the server has acknowledged.
/// </summary>
internal sealed class PeerLoadClient : ILoadClient
{
    private readonly LoadContext _context;
    private readonly PeerRoom _room;
    private readonly PeerClient _client;
    private readonly bool _isSilent;
    private readonly bool _isVictim;
    private readonly ClientGaps _gaps;
    private readonly ConcurrentDictionary<int, PublisherCheck> _publishers = [];
    private long _joinedAt;
    private long _newestDue;
    private long _delivered;
    private long _duplicated;
    private long _reordered;
    private int _number;
    private int _unanswered;

    /// <summary>Makes one that is not connected yet.</summary>
    /// <param name="index">Its number.</param>
    /// <param name="context">What the run's clients share.</param>
    /// <param name="room">What its room's clients share.</param>
    /// <param name="url">The hub's.</param>
    /// <param name="settings">How dead connections are noticed.</param>
    /// <param name="isSilent">Whether paths are cut silently.</param>
    public PeerLoadClient(int index, LoadContext context, PeerRoom room, string url, PeerSettings settings, bool isSilent)
    {
        Index = index;
        _context = context;
        _room = room;
        _isSilent = isSilent;
        _client = new PeerClient(url, room.Name, settings, Arrived, context.Meter.OnReconnect);
        _gaps = new ClientGaps(index, context);
        _isVictim = context.Blackholed.Contains(index) || context.Stalled.Contains(index);
    }

    /// <inheritdoc />
    public int Index { get; }

    /// <inheritdoc />
    public long Delivered => Volatile.Read(ref _delivered);

    /// <inheritdoc />
    public long Expected => Math.Max(0, _room.Acknowledged - Volatile.Read(ref _joinedAt));

    /// <inheritdoc />
    public long Duplicated => Volatile.Read(ref _duplicated);

    /// <inheritdoc />
    public long Reordered => Volatile.Read(ref _reordered);

    /// <inheritdoc />
    public bool IsChanging => false;

    /// <summary>Connects and joins.</summary>
    /// <exception cref="ToolException">It cannot.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var begin = _context.Meter.Now;
        try
        {
            await _client.StartAsync(cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ToolException($"client {Index + 1} of {_context.Settings.Connections}: {ToolException.OneLine(e)}", e);
        }

        Volatile.Write(ref _joinedAt, _room.Acknowledged);
        _context.Meter.OnConnected(_context.Meter.Now - begin);
    }

    /// <inheritdoc />
    public async Task<bool> PublishAsync(long due)
    {
        _context.Meter.OnPublished();
        Interlocked.Increment(ref _unanswered);
        _gaps.Sent(_context.Meter.Now);
        try
        {
            await _client.PublishAsync(new MessageText(Index, Interlocked.Increment(ref _number), due).Write(_context.Mark, _context.Settings.Payload));
            _room.OnAcknowledged(due);
            _context.Meter.OnAcknowledged(due);
            return true;
        }
        catch (Exception)
        {
            // SignalR throws whatever the transport did, too. The report counts it.
            _context.Meter.OnUnacknowledged();
            return false;
        }
        finally
        {
            Interlocked.Decrement(ref _unanswered);
        }
    }

    /// <inheritdoc />
    public Task MoveAsync()
    {
        var now = _context.Meter.Now;
        _gaps.Changed(now);
        _context.Meter.OnChangeBegun();
        _client.Path.Cut(_isSilent);
        _context.Meter.OnPathChange(now);
        return Task.CompletedTask;
    }

    /// <summary>Cuts it off, silently, or lets it be back.</summary>
    public void Blackhole(bool isOn) => _client.Path.Blackhole(isOn);

    /// <inheritdoc />
    public void WatchOthers(long until) => _gaps.WatchOthers(until);

    /// <inheritdoc />
    public void EndGaps()
    {
        // What was lost stays lost; that it is back shows in the newest.
        _gaps.End(isBack: Volatile.Read(ref _newestDue) >= _room.NewestDue && Volatile.Read(ref _unanswered) == 0);
    }

    /// <inheritdoc />
    public void Stall(bool isOn)
    {
        // Its options do not offer it.
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private void Arrived(string body)
    {
        var now = _context.Meter.Now;
        if (!MessageText.TryRead(body, _context.Mark, out var text))
        {
            _context.Meter.OnForeign();
            return;
        }

        _gaps.Arrived(now);
        PeerRoom.Later(ref _newestDue, text.Due);
        switch (_publishers.GetOrAdd(text.Publisher, static _ => new PublisherCheck()).Arrived(text.Number))
        {
            case Arrival.Again:
                Interlocked.Increment(ref _duplicated);
                return;
            case Arrival.Late:
                Interlocked.Increment(ref _reordered);
                break;
        }

        Interlocked.Increment(ref _delivered);
        if (!_isVictim && _context.Meter.IsMeasured(text.Due))
        {
            _context.Meter.Deliveries.Record(now - text.Due);
        }
    }
}
