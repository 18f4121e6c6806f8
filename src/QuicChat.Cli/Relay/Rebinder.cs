using System.Net.Sockets;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Relay;

/// <summary>Rebinds all clients of a simulator again and again, and counts.</summary>
internal sealed class Rebinder(PathSimulator simulator, Action<string> progress)
{
    private long _rebinds;

    /// <summary>Rebindings so far, over all clients.</summary>
    public long Rebinds => Interlocked.Read(ref _rebinds);

    /// <summary>Rebinds every <paramref name="every"/>, if at all, until it is cancelled; it then completes without an error.</summary>
    public async Task RunAsync(TimeSpan? every, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(every ?? Timeout.InfiniteTimeSpan);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                foreach (var client in simulator.Clients)
                {
                    Rebind(client);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The end that was asked for.
        }
    }

    private void Rebind(SimulatedClient client)
    {
        try
        {
            client.Rebind();
            Interlocked.Increment(ref _rebinds);
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            progress($"relay: {client.EndPoint} keeps its path: {e.Message}");
        }
    }
}
