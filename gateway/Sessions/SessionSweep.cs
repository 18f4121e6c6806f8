using Microsoft.Extensions.Hosting;

namespace QuicChat.Gateway.Sessions;

/// <summary>
/// Ends connections whose token has expired. One look a second at all of them costs less than a timer each: ten thousands of connections are
/// one pass over as many numbers.
/// </summary>
internal sealed class SessionSweep(ClientSessions sessions, TimeProvider time) : IHostedService, IDisposable
{
    /// <summary>1 s: a connection outlives its token, and the clock skew, by no more.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private ITimer? _timer;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _timer = time.CreateTimer(_ => sessions.EndExpired(), null, Interval, Interval);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_timer is { } timer)
        {
            await timer.DisposeAsync();
        }
    }

    public void Dispose() => _timer?.Dispose();
}
