namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>Connections by when they are next due; each stands in it at most once, and moves when its time changes.</summary>
internal sealed class TimerHeap
{
    private readonly List<ConnectionDriver> _heap = [];

    /// <summary>When the first is due; <see cref="TimeSpan.MaxValue"/> for none.</summary>
    public TimeSpan Next => _heap.Count == 0 ? TimeSpan.MaxValue : _heap[0].Due;

    public ConnectionDriver First => _heap[0];

    /// <summary>Sets when a connection is due; <see cref="TimeSpan.MaxValue"/> takes it out.</summary>
    public void Set(ConnectionDriver driver, TimeSpan due)
    {
        if (due == TimeSpan.MaxValue)
        {
            Remove(driver);
            return;
        }

        driver.Due = due;
        if (driver.HeapIndex < 0)
        {
            driver.HeapIndex = _heap.Count;
            _heap.Add(driver);
        }

        Down(Up(driver.HeapIndex));
    }

    private void Remove(ConnectionDriver driver)
    {
        var index = driver.HeapIndex;
        if (index < 0)
        {
            return;
        }

        driver.HeapIndex = -1;
        var last = _heap[^1];
        _heap.RemoveAt(_heap.Count - 1);
        if (last != driver)
        {
            Place(last, index);
            Down(Up(index));
        }
    }

    private int Up(int index)
    {
        var driver = _heap[index];
        while (index > 0 && driver.Due < _heap[(index - 1) / 2].Due)
        {
            Place(_heap[(index - 1) / 2], index);
            index = (index - 1) / 2;
        }

        Place(driver, index);
        return index;
    }

    private void Down(int index)
    {
        var driver = _heap[index];
        while (true)
        {
            var child = (2 * index) + 1;
            if (child >= _heap.Count)
            {
                break;
            }

            if (child + 1 < _heap.Count && _heap[child + 1].Due < _heap[child].Due)
            {
                child++;
            }

            if (driver.Due <= _heap[child].Due)
            {
                break;
            }

            Place(_heap[child], index);
            index = child;
        }

        Place(driver, index);
    }

    private void Place(ConnectionDriver driver, int index)
    {
        _heap[index] = driver;
        driver.HeapIndex = index;
    }
}
