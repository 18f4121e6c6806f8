using System.Net;
using System.Net.Sockets;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Relay;

/// <summary>Rebinds all clients of a simulator again and again, and counts.</summary>
/// <param name="simulator">The simulator.</param>
/// <param name="addresses">The source addresses that clients go to in turn; with none they keep theirs, and change the port.</param>
/// <param name="progress">Told of a client that cannot be rebound.</param>
internal sealed class Rebinder(PathSimulator simulator, IReadOnlyList<IPAddress> addresses, Action<string> progress)
{
    private int _rounds;
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
                var address = addresses.Count == 0 ? null : addresses[_rounds++ % addresses.Count];
                foreach (var client in simulator.Clients)
                {
                    Rebind(client, address);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The end that was asked for.
        }
    }

    private void Rebind(SimulatedClient client, IPAddress? address)
    {
        try
        {
            client.Rebind(address);
            Interlocked.Increment(ref _rebinds);
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException or ArgumentException)
        {
            progress($"relay: {client.EndPoint} keeps its path: {e.Message}");
        }
    }
}
