namespace QuicChat.Benchmarks.SignalR;

/// <summary>What one member gets of one publisher, by its numbers. For one thread at a time.</summary>
internal sealed class PublisherCheck
{
    private readonly HashSet<int> _missing = [];
    private int _newest;

    /// <summary>A message arrived.</summary>
    public Arrival Arrived(int number)
    {
        lock (_missing)
        {
            if (number <= _newest)
            {
                return _missing.Remove(number) ? Arrival.Late : Arrival.Again;
            }

            // Where it is the first one, those before it were sent before this member was there.
            for (var left = _newest + 1; _newest > 0 && left < number; left++)
            {
                _missing.Add(left);
            }

            _newest = number;
            return Arrival.InOrder;
        }
    }
}
