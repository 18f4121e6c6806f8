namespace QuicChat.Gateway.Tests.Support;

/// <summary>Waiting with a limit that says what was waited for.</summary>
internal static class TaskExtensions
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public static async Task<T> Within<T>(this Task<T> task, string what)
    {
        await ((Task)task).Within(what);
        return await task;
    }

    public static async Task Within(this Task task, string what)
    {
        try
        {
            await task.WaitAsync(Limit);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            throw new TimeoutException($"{Limit.TotalSeconds:0} s were not enough for {what}.");
        }
    }
}
