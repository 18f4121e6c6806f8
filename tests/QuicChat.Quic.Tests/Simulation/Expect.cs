namespace QuicChat.Quic.Tests.Simulation;

/// <summary>Waits with an end, which say what they waited for.</summary>
internal static class Expect
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static async Task Soon(this Task task, string what)
    {
        try
        {
            await task.WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Waited {Patience.TotalSeconds} s for {what}.");
        }
    }

    public static async Task<T> Soon<T>(this Task<T> task, string what)
    {
        await ((Task)task).Soon(what);
        return await task;
    }
}
