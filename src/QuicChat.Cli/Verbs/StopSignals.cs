using System.Runtime.InteropServices;

namespace QuicChat.Cli.Verbs;

/// <summary>Turns the first Ctrl+C, SIGTERM or SIGHUP into a cancellation; a second one ends the process at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _registrations;

    /// <summary>Begins to listen.</summary>
    public StopSignals()
        => _registrations = [Listen(PosixSignal.SIGINT), Listen(PosixSignal.SIGTERM), Listen(PosixSignal.SIGHUP)];

    /// <summary>Raised by the second signal: the process ends as soon as this returns.</summary>
    public static event Action? Forced;

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _stop.Token;

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _stop.Dispose();
    }

    private PosixSignalRegistration Listen(PosixSignal signal)
        => PosixSignalRegistration.Create(signal, context =>
        {
            if (!_stop.IsCancellationRequested)
            {
                context.Cancel = true;
                _stop.Cancel();
            }
            else
            {
                Forced?.Invoke();
            }
        });
}
