namespace QuicChat.Cli.Load;

/// <summary>Counts one client's path changes against what its server tells of their ends. For any threads.</summary>
internal sealed class ChangeNotices
{
    private readonly Lock _gate = new();
    private long _awaited;

    /// <summary>Whether the server has yet to tell how a change ended.</summary>
    public bool AreAwaited
    {
        get
        {
            lock (_gate)
            {
                return _awaited > 0;
            }
        }
    }

    /// <summary>A change begins; the server may tell of it before it is known here that it was made.</summary>
    public void Begin() => Add(1);

    /// <summary>The server told how one ended, or there is none of which it could.</summary>
    public void End() => Add(-1);

    /// <summary>The connection that the server would have told it on is over.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            _awaited = 0;
        }
    }

    private void Add(int count)
    {
        lock (_gate)
        {
            // A connection tells of changes that nobody made here, too: the machine's network may change.
            _awaited = Math.Max(0, _awaited + count);
        }
    }
}
