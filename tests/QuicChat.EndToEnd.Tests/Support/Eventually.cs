namespace QuicChat.EndToEnd.Tests.Support;

/// <summary>Asks other processes again and again, since they cannot tell us; with an end, and saying what was waited for.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    public static Task HoldsAsync(Func<bool> condition, Func<string> what) => HoldsAsync(() => Task.FromResult(condition()), what);

    public static async Task HoldsAsync(Func<Task<bool>> condition, Func<string> what)
    {
        using var timer = new PeriodicTimer(Interval);
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            while (!await condition())
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"Waited {Limit.TotalSeconds} s until {what()}");
        }
    }
}
