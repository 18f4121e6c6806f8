namespace QuicChat.Quic.Ngtcp2.Tests.Support;

/// <summary>Waits that say what they waited for.</summary>
internal static class WaitExtensions
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task<T> Within<T>(this Task<T> task, string what, TimeSpan? limit = null)
    {
        await ((Task)task).Within(what, limit);
        return await task;
    }

    public static async Task Within(this Task task, string what, TimeSpan? limit = null)
    {
        try
        {
            await task.WaitAsync(limit ?? Limit);
        }
        catch (TimeoutException) when (!task.IsFaulted)
        {
            throw new TimeoutException($"Waited {(limit ?? Limit).TotalSeconds} s for {what}.");
        }
    }
}
