namespace QuicChat.Quic.Conformance.Tests.Support;

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

    /// <summary>Completes when the token is cancelled.</summary>
    public static Task AsTask(this CancellationToken token)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        token.UnsafeRegister(static state => ((TaskCompletionSource)state!).SetResult(), cancelled);
        return cancelled.Task;
    }
}
