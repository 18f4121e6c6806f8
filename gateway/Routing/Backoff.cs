namespace QuicChat.Gateway.Routing;

/// <summary>Growing pauses between tries of one grain call: 100 ms, then twice as long each time up to 2 s, less up to a fifth at random.</summary>
internal struct Backoff
{
    private const int FirstMilliseconds = 100;
    private const int LongestMilliseconds = 2_000;

    private int _milliseconds;

    /// <summary>The next pause.</summary>
    public TimeSpan Next()
    {
        _milliseconds = _milliseconds == 0 ? FirstMilliseconds : Math.Min(2 * _milliseconds, LongestMilliseconds);

        // Many calls fail together when a silo dies; they need not come again together.
        return TimeSpan.FromMilliseconds(_milliseconds * (1 - (0.2 * Random.Shared.NextDouble())));
    }

    /// <summary>Begins anew after a success.</summary>
    public void Reset() => _milliseconds = 0;
}
