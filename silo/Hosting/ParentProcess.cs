namespace QuicChat.Silo.Hosting;

/// <summary>Stops the host, once it has started, when the process that started it is gone: that one keeps our standard input open for as long as it lives.</summary>
/// <param name="lifetime">The host's lifetime.</param>
internal sealed class ParentProcess(IHostApplicationLifetime lifetime) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        // A read of a pipe cannot be cancelled, so it has a thread of its own that does not keep the process alive.
        new Thread(WaitForEnd) { IsBackground = true, Name = "Parent process" }.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void WaitForEnd()
    {
        using var input = Console.OpenStandardInput();
        var buffer = new byte[256];
        while (input.Read(buffer) > 0)
        {
        }

        lifetime.ApplicationStarted.Register(lifetime.StopApplication);
    }
}
