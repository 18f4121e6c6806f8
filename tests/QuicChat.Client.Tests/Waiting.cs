namespace QuicChat.Client.Tests;

/// <summary>Waits that end by themselves and say what they waited for.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static async Task<T> For<T>(this Task<T> task, string what)
    {
        await For((Task)task, what);
        return await task;
    }

    public static async Task For(this Task task, string what)
    {
        try
        {
            await task.WaitAsync(Patience);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            throw new TimeoutException($"Waited {Patience.TotalSeconds} s in vain for {what}.");
        }
    }
}
