namespace QuicChat.Cli.Load;

/// <summary>What path changes, its own and others', cost one client of a load. For any threads.</summary>
internal sealed class ClientGaps
{
    // What of one change is looked at.
    private const long Window = 5_000_000;

    private readonly LoadMeter _meter;
    private readonly GapWatch? _own;
    private readonly GapWatch? _others;
    private readonly bool _isActive;

    /// <summary>Watches nothing where none is due.</summary>
    /// <param name="index">The client's number.</param>
    /// <param name="context">What the run's clients share.</param>
    public ClientGaps(int index, LoadContext context)
    {
        var settings = context.Settings;
        _meter = context.Meter;
        _isActive = settings.ChangeKind == ChangeKind.Active;
        var interval = settings.Interval.Ticks / TimeSpan.TicksPerMicrosecond;
        var isBlackholed = context.Blackholed.Contains(index);
        if (settings.Moves(index) && !isBlackholed)
        {
            _own = new GapWatch(interval, (settings.Publishes(index) ? _meter.GapsOfPublishers : _meter.GapsOfListeners).Record);
        }

        if (!context.Blackholed.IsEmpty && !isBlackholed && settings.RoomOf(index) < settings.Rooms)
        {
            _others = new GapWatch(interval, _meter.GapsOfOthers.Record);
        }
    }

    /// <summary>A message arrived.</summary>
    public void Arrived(long at)
    {
        _own?.Arrived(at);
        _others?.Arrived(at);
    }

    /// <summary>A message is handed to the connection.</summary>
    public void Sent(long at) => _own?.Sent(at);

    /// <summary>Its path changes.</summary>
    public void Changed(long at) => _own?.Watch(at, at + Window, isShown: _isActive);

    /// <summary>Others are cut off from now on, until then.</summary>
    public void WatchOthers(long until) => _others?.Watch(_meter.Now, until, isShown: false);

    /// <summary>Nothing is waited for any more.</summary>
    /// <param name="isBack">Whether the newest message has arrived at the client, and its own are answered.</param>
    public void End(bool isBack)
    {
        _own?.Close(_meter.Now, isBack);
        _others?.Close(_meter.Now, isBack);
    }
}
