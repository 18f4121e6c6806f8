using System.Diagnostics;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Stack;

/// <summary>What is left of a stack whose <c>up</c> was killed: its processes notice that and stop by themselves, which takes some seconds.</summary>
internal static class FormerStack
{
    // A silo that leaves its cluster in order takes 7 s at most; a gateway closes its connections meanwhile.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Waits until they have ended, so that their ports are free again, and removes the description of the former stack.</summary>
    /// <exception cref="ToolException">They do not end.</exception>
    public static async Task OutliveAsync(DataFolder data, Action<string> progress, CancellationToken cancellationToken)
    {
        if (Read(data) is { } stack)
        {
            var left = Find(stack);
            if (left.Count > 0)
            {
                progress($"waiting for {left.Count} processes of the former stack to end");
            }

            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Patience);
            try
            {
                await Task.WhenAll(left.Select(process => process.WaitForExitAsync(limit.Token)));
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                var numbers = string.Join(", ", left.Where(process => !process.HasExited).Select(process => process.Id));
                throw new ToolException($"processes of the former stack still run ({numbers}); end them, then try again.");
            }
            finally
            {
                left.ForEach(process => process.Dispose());
            }
        }

        RunningStack.Remove(data);
    }

    // What cannot be read describes no processes; it is removed, or found to be in the way, below.
    private static RunningStack? Read(DataFolder data)
    {
        try
        {
            return Path.Exists(data.StackFile) ? RunningStack.Load(data) : null;
        }
        catch (ToolException)
        {
            return null;
        }
    }

    private static List<Process> Find(RunningStack stack)
    {
        var found = new List<Process>();
        foreach (var id in (IEnumerable<int>)[.. stack.Store is { } store ? [store.Pid] : (int[])[], .. stack.Silos.Select(silo => silo.Pid), .. stack.Gateways.Select(gateway => gateway.Pid)])
        {
            try
            {
                var process = Process.GetProcessById(id);
                // A number may have been given to another process since.
                if (process.StartTime.ToUniversalTime() <= stack.StartedAt)
                {
                    found.Add(process);
                }
            }
            catch (Exception e) when (e is ArgumentException or InvalidOperationException)
            {
                // It has ended.
            }
        }

        return found;
    }
}
