namespace QuicChat.Store;

/// <summary>The process that started this one, and that keeps its standard input open for as long as it lives.</summary>
internal static class ParentProcess
{
    /// <summary>Completes when standard input reaches its end.</summary>
    public static async Task WaitForExitAsync(CancellationToken cancellationToken)
    {
        using var input = Console.OpenStandardInput();
        var buffer = new byte[256];
        // A read of a terminal or pipe cannot be cancelled; the task is left behind instead when the store stops first.
        await Task.Run(
            () =>
            {
                while (input.Read(buffer) > 0)
                {
                }
            },
            CancellationToken.None).WaitAsync(cancellationToken);
    }
}
