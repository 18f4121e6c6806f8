namespace QuicChat.Cli.Demo.Chaos;

/// <summary>Two things at once of which each is in vain without the other.</summary>
internal static class Together
{
    /// <summary>Runs both; where one fails, the other is cancelled, and both have ended before the failure is thrown.</summary>
    /// <param name="first">One thing.</param>
    /// <param name="second">The other.</param>
    /// <param name="cancellationToken">Ends both.</param>
    public static async Task<(TFirst First, TSecond Second)> RunAsync<TFirst, TSecond>(
        Func<CancellationToken, Task<TFirst>> first, Func<CancellationToken, Task<TSecond>> second, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var (one, other) = (CancelOthersAsync(first), CancelOthersAsync(second));

        // Of a failure and what was cancelled for it, the failure is thrown.
        await Task.WhenAll(one, other);
        return (await one, await other);

        async Task<T> CancelOthersAsync<T>(Func<CancellationToken, Task<T>> run)
        {
            try
            {
                return await run(either.Token);
            }
            catch
            {
                await either.CancelAsync();
                throw;
            }
        }
    }
}
