namespace QuicChat.Silo.Hosting;

/// <summary>
/// Stops the host when it is told to, but never in the middle of its start: Orleans cannot stop half a silo, and would leave it in the
/// cluster's membership, where later silos wait for it.
/// </summary>
/// <param name="stop">Tells it to stop.</param>
/// <param name="lifetime">The host's lifetime.</param>
internal sealed class OrderlyStop(CancellationToken stop, IHostApplicationLifetime lifetime) : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        stop.Register(() => lifetime.ApplicationStarted.Register(lifetime.StopApplication));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
