using System.Collections.Immutable;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Routing;
using QuicChat.Gateway.Sessions;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Migrations;

/// <summary>
/// A connection's line to its grain: its registration, its path events in order and exactly once, its end. All calls go through one loop, one
/// at a time, off the way of messages; it runs only while there is something to say.
/// </summary>
internal sealed class ConnectionLink
{
    // The engine holds a few hundred more and then leaves the oldest out; a report stays small.
    private const int MaxPending = 256;

    private readonly ConnectionId _id;
    private readonly IConnectionGrain _grain;
    private readonly ClientSessions _sessions;
    private readonly Action<string> _onFailed;
    private readonly CancellationToken _abandoned;

    private readonly Lock _lock = new();
    private ConnectionRegistration _registration;
    private ImmutableArray<PathObservation> _pending = [];
    private long _lastNumber;
    private bool _mustRegister;
    private string? _endReason;
    private bool _hasEnded;
    private bool _isSending;
    private Task _sending = Task.CompletedTask;

    /// <summary>Makes a line for one connection; nothing is said yet.</summary>
    /// <param name="id">The connection.</param>
    /// <param name="registration">Who it is.</param>
    /// <param name="sessions">What all connections share.</param>
    /// <param name="onFailed">Called with the reason where the cluster says that the connection has failed, and had not been told so.</param>
    /// <param name="abandoned">Ends all tries: the process ends.</param>
    public ConnectionLink(
        ConnectionId id, ConnectionRegistration registration, ClientSessions sessions, Action<string> onFailed, CancellationToken abandoned)
    {
        _id = id;
        _registration = registration;
        _sessions = sessions;
        _onFailed = onFailed;
        _abandoned = abandoned;
        _grain = sessions.Cluster.Connection(id);
    }

    /// <summary>Whether so many events wait that no more should be read from the engine.</summary>
    public bool IsFull
    {
        get
        {
            lock (_lock)
            {
                return _pending.Length >= MaxPending;
            }
        }
    }

    /// <summary>The client's last validated <c>address:port</c>, as it is registered.</summary>
    public string RemoteEndPoint
    {
        get => Volatile.Read(ref _registration).RemoteEndPoint;
        set => Volatile.Write(ref _registration, _registration with { RemoteEndPoint = value });
    }

    /// <summary>Whether the connection has ended, though the cluster may not know it yet.</summary>
    public bool IsEnding
    {
        get
        {
            lock (_lock)
            {
                return _endReason is not null;
            }
        }
    }

    /// <summary>Registers the connection, trying again while the cluster does not answer.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        for (var backoff = new Backoff(); !await TryRegisterAsync(cancellationToken); await Task.Delay(backoff.Next(), _sessions.Time, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Registers the connection again: the cluster may have given it up.</summary>
    public void RegisterAgain()
    {
        lock (_lock)
        {
            _mustRegister = _endReason is null;
            Send();
        }
    }

    /// <summary>Reports a path event; its number is given here.</summary>
    public void Report(PathObservation observation)
    {
        lock (_lock)
        {
            _pending = _pending.Add(observation with { Number = ++_lastNumber });
            Send();
        }
    }

    /// <summary>Takes the connection out of the registry, after its last path events. Completes when the cluster knows.</summary>
    public Task EndAsync(string reason)
    {
        lock (_lock)
        {
            _endReason = reason;
            _mustRegister = false;
            Send();
            return _sending;
        }
    }

    /// <summary>Completes when all that was reported so far is acknowledged.</summary>
    public Task WhenSentAsync()
    {
        lock (_lock)
        {
            return _sending;
        }
    }

    /// <summary>Has the loop run until nothing is left to say.</summary>
    private void Send()
    {
        if (!_isSending)
        {
            _isSending = true;
            _sending = SendAsync();
        }
    }

    private async Task SendAsync()
    {
        await Task.Yield();
        var backoff = new Backoff();
        var hasWaited = false;
        while (!_abandoned.IsCancellationRequested)
        {
            bool mustRegister;
            string? endReason;
            ImmutableArray<PathObservation> events;
            lock (_lock)
            {
                (mustRegister, events, endReason) = (_mustRegister, _pending, _endReason);
                if (!mustRegister && events.IsEmpty && (endReason is null || _hasEnded))
                {
                    _isSending = false;
                    return;
                }
            }

            if (!mustRegister && endReason is null && !hasWaited && events[^1].Type == PathObservationType.Detected)
            {
                // Its end is often only a round trip away and fits into the same report.
                hasWaited = true;
                await PauseAsync(_sessions.Options.PathReportDelay);
                continue;
            }

            if (mustRegister ? await TryRegisterAsync(_abandoned)
                : events.IsEmpty ? await TryUnregisterAsync(endReason!)
                : await TryReportAsync(events))
            {
                backoff.Reset();
                hasWaited = false;
            }
            else
            {
                await PauseAsync(backoff.Next());
            }
        }
    }

    private async Task PauseAsync(TimeSpan time)
        => await Task.Delay(time, _sessions.Time, _abandoned).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task<bool> TryRegisterAsync(CancellationToken cancellationToken)
    {
        // After an outage all connections come at once.
        await _sessions.Registrations.WaitAsync(cancellationToken);
        try
        {
            lock (_lock)
            {
                _mustRegister = false;
            }

            var snapshot = await _grain.Register(Volatile.Read(ref _registration) with { LeaseId = _sessions.Lease?.Id ?? Guid.Empty });
            lock (_lock)
            {
                // Where it was unregistered before, it must be so again.
                _hasEnded = false;
            }

            Acknowledge(snapshot.LastEventNumber);
            TellIfFailed(snapshot.State, snapshot.FailureReason);
            return true;
        }
        catch (Exception e)
        {
            Log(nameof(IConnectionGrain.Register), e);
            lock (_lock)
            {
                _mustRegister = _endReason is null || !_pending.IsEmpty;
            }

            return false;
        }
        finally
        {
            _sessions.Registrations.Release();
        }
    }

    private async Task<bool> TryReportAsync(ImmutableArray<PathObservation> events)
    {
        try
        {
            var receipt = await _grain.Report(new PathReport(_sessions.GatewayId, events));
            _sessions.Metrics.PathReported();
            if (receipt.State == MigrationState.MigrationFailed)
            {
                // The end of all attempts: nothing that this connection could still say would change it.
                Acknowledge(events[^1].Number);
                if (events[^1].Type != PathObservationType.Failed)
                {
                    TellIfFailed(receipt.State, receipt.FailureReason);
                }

                return true;
            }

            if (!receipt.Registered)
            {
                // Also where the connection has ended meanwhile: what it still has to say counts, and its end follows.
                _sessions.Logger.RegisteringAgain(_id);
                lock (_lock)
                {
                    _mustRegister = true;
                }

                return true;
            }

            Acknowledge(receipt.LastEventNumber);
            return receipt.LastEventNumber >= events[0].Number;
        }
        catch (Exception e)
        {
            Log(nameof(IConnectionGrain.Report), e);
            return false;
        }
    }

    private async Task<bool> TryUnregisterAsync(string reason)
    {
        try
        {
            await _grain.Unregister(reason);
            lock (_lock)
            {
                _hasEnded = true;
            }

            return true;
        }
        catch (Exception e)
        {
            Log(nameof(IConnectionGrain.Unregister), e);
            return false;
        }
    }

    /// <summary>
    /// Drops what the grain has applied. Where the grain knows less than this connection has numbered, it was registered anew: the rest is
    /// numbered on from there.
    /// </summary>
    private void Acknowledge(long number)
    {
        lock (_lock)
        {
            var left = _pending.RemoveAll(pending => pending.Number <= number);
            _pending = [.. left.Select((pending, index) => pending with { Number = number + 1 + index })];
            _lastNumber = number + _pending.Length;
        }
    }

    private void TellIfFailed(MigrationState state, string? reason)
    {
        if (state == MigrationState.MigrationFailed)
        {
            _onFailed(reason ?? "The cluster has recorded this connection's migration as failed.");
        }
    }

    private void Log(string method, Exception e)
    {
        _sessions.Logger.ConnectionCallFailed(_id, method, e);
        _sessions.Metrics.ClusterCallFailed(method);
    }
}
