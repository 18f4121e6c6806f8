using Microsoft.Extensions.Hosting;

namespace QuicChat.Gateway.Hosting;

/// <summary>Stops the gateway when the process that started it is gone: that one keeps our standard input open for as long as it lives.</summary>
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
        Span<byte> ignored = stackalloc byte[256];
        while (input.Read(ignored) > 0)
        {
        }

        lifetime.StopApplication();
    }
}
