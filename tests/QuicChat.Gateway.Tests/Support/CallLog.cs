namespace QuicChat.Gateway.Tests.Support;

/// <summary>Counts calls to a fake grain, and lets tests hold, fail and await them.</summary>
internal sealed class CallLog
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _counts = [];
    private readonly List<(string Method, int Count, TaskCompletionSource Reached)> _waiting = [];

    /// <summary>Runs before each call; it may wait, or throw.</summary>
    public Func<string, Task>? Before { get; set; }

    /// <summary>How many calls began.</summary>
    public int Count(string method)
    {
        lock (_lock)
        {
            return _counts.GetValueOrDefault(method);
        }
    }

    /// <summary>Waits until that many calls have begun.</summary>
    public Task ReachedAsync(string method, int count)
    {
        lock (_lock)
        {
            if (_counts.GetValueOrDefault(method) >= count)
            {
                return Task.CompletedTask;
            }

            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((method, count, reached));
            return reached.Task.Within($"call {count} of {method}");
        }
    }

    /// <summary>Makes the next calls of a method fail.</summary>
    public void Fail(string method, int times)
        => Before = called => called == method && times-- > 0 ? Task.FromException(new TimeoutException("no answer")) : Task.CompletedTask;

    public async Task CallAsync(string method)
    {
        // Grains are always elsewhere.
        await Task.Yield();
        lock (_lock)
        {
            var count = _counts[method] = _counts.GetValueOrDefault(method) + 1;
            foreach (var (_, _, reached) in _waiting.Where(waiting => waiting.Method == method && waiting.Count <= count))
            {
                reached.TrySetResult();
            }
        }

        await (Before?.Invoke(method) ?? Task.CompletedTask);
    }
}
