using System.Collections.Immutable;
using System.Net;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Routing;
using QuicChat.Gateway.Sessions;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Migrations;

/// <summary>
/// Keeps a connection's grain true: its registration, its path events in order and exactly once, its end. All calls go through one loop, one
/// at a time, off the way of messages; it runs only while there is something to say.
/// </summary>
internal sealed class PathReporter
{
    // The engine holds a few hundred more and then merges; a report stays small.
    private const int MaxPending = 256;

    private readonly ConnectionId _id;
    private readonly IConnectionPathFeature _path;
    private readonly IConnectionGrain _grain;
    private readonly IPathListener _listener;
    private readonly ClientSessions _sessions;
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
    private Task _reading = Task.CompletedTask;
    private (IPEndPoint From, IPEndPoint To, PathChangeKind Kind)? _attempt;

    /// <summary>Makes a reporter for one connection.</summary>
    /// <param name="id">The connection.</param>
    /// <param name="path">Its engine's word.</param>
    /// <param name="registration">Who it is.</param>
    /// <param name="listener">Its client.</param>
    /// <param name="sessions">What all connections share.</param>
    /// <param name="abandoned">Ends all tries: the process ends.</param>
    public PathReporter(
        ConnectionId id,
        IConnectionPathFeature path,
        ConnectionRegistration registration,
        IPathListener listener,
        ClientSessions sessions,
        CancellationToken abandoned)
    {
        _id = id;
        _path = path;
        _registration = registration;
        _listener = listener;
        _sessions = sessions;
        _abandoned = abandoned;
        _grain = sessions.Cluster.Connection(id);
    }

    /// <summary>Completes when the connection has ended and its last path event has been read.</summary>
    public Task EventsRead => _reading;

    /// <summary>Registers the connection, trying again while the cluster does not answer, and begins to read its path events.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        for (var backoff = new Backoff(); !await TryRegisterAsync(cancellationToken); await Task.Delay(backoff.Next(), _sessions.Time, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        _reading = ReadAsync();
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

    private async Task ReadAsync()
    {
        try
        {
            await foreach (var next in _path.Events.ReadAllAsync())
            {
                Take(next);
                if (next is PathEvent.Failed failed)
                {
                    // The cluster should hear the reason before the end, but a dead cluster must not keep a dead connection.
                    await WhenSentAsync().WaitAsync(_sessions.Options.FailureReportTimeLimit, _sessions.Time)
                        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    _listener.Close(ErrorCode.MigrationFailed, failed.Reason);
                }
                else if (_pending.Length >= MaxPending)
                {
                    await WhenSentAsync();
                }
            }
        }
        catch (Exception e)
        {
            _sessions.Logger.SessionFailed(_id, e);
            _listener.Close(ErrorCode.Internal, "An internal error.");
        }
    }

    private void Take(PathEvent next)
    {
        switch (next)
        {
            case PathEvent.Detected e:
                _attempt = (e.From.Remote, e.To.Remote, e.Kind);
                _sessions.Logger.PathDetected(_id, e.From.Remote, e.To.Remote, e.Kind);
                _sessions.Metrics.PathDetected(e.Kind);
                Add(PathObservationType.Detected, e.At, TimeSpan.Zero);
                if (!_path.Capabilities.HasFlag(PathCapabilities.ExactValidation))
                {
                    _listener.ProbePath();
                }

                break;
            case PathEvent.Validated e:
                _registration = _registration with { RemoteEndPoint = e.Path.Remote.ToString() };
                if (_attempt is { } validated)
                {
                    _sessions.Metrics.PathValidated(validated.Kind, e.Duration);
                }

                End(
                    PathObservationType.Validated,
                    MigrationNotice.Types.Outcome.Completed,
                    e.At,
                    e.Duration,
                    e.Evidence == ValidationEvidence.Inferred);
                break;
            case PathEvent.Reverted e:
                End(PathObservationType.Reverted, MigrationNotice.Types.Outcome.Reverted, e.At, e.Duration);
                break;
            case PathEvent.Superseded e:
                // Not reported: the Detected that follows says it.
                End(null, MigrationNotice.Types.Outcome.Superseded, e.At, e.Duration);
                break;
            case PathEvent.Unknown e:
                End(PathObservationType.Unknown, MigrationNotice.Types.Outcome.Unknown, e.At, e.Duration);
                break;
            case PathEvent.Failed e:
                End(PathObservationType.Failed, MigrationNotice.Types.Outcome.Failed, e.At, e.Duration, reason: e.Reason);
                break;
        }
    }

    private void End(
        PathObservationType? type,
        MigrationNotice.Types.Outcome outcome,
        DateTimeOffset at,
        TimeSpan duration,
        bool isInferred = false,
        string? reason = null)
    {
        if (_attempt is not { } attempt)
        {
            _sessions.Logger.PathEndWithoutStart(_id, outcome);
            return;
        }

        if (type is { } reported)
        {
            Add(reported, at, duration, isInferred, reason);
        }

        _sessions.Logger.PathEnded(_id, attempt.From, attempt.To, attempt.Kind, outcome, duration.TotalMilliseconds, reason ?? "");
        _sessions.Metrics.PathEnded(attempt.Kind, outcome.ToString().ToLowerInvariant());
        Notify(outcome, duration, reason ?? "");
        _attempt = null;
    }

    private void Notify(MigrationNotice.Types.Outcome outcome, TimeSpan duration, string reason)
    {
        var (from, to, kind) = _attempt!.Value;
        _listener.Notify(new MigrationNotice
        {
            Kind = (MigrationNotice.Types.Kind)(ToMigrationKind(kind) + 1),
            Outcome = outcome,
            From = from.ToString(),
            To = to.ToString(),
            DurationMs = (uint)Math.Max(0, duration.TotalMilliseconds),
            Reason = reason,
        });
    }

    private void Add(PathObservationType type, DateTimeOffset at, TimeSpan duration, bool isInferred = false, string? reason = null)
    {
        var (from, to, kind) = _attempt!.Value;
        lock (_lock)
        {
            _pending = _pending.Add(new PathObservation(
                ++_lastNumber, type, from.ToString(), to.ToString(), ToMigrationKind(kind), at, duration, isInferred, reason));
            Send();
        }
    }

    private Task WhenSentAsync()
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

            var snapshot = await _grain.Register(_registration);
            Acknowledge(snapshot.LastEventNumber);
            CloseIfFailed(snapshot.State);
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
                    CloseIfFailed(receipt.State);
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
            _hasEnded = true;
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

    private void CloseIfFailed(MigrationState state)
    {
        if (state == MigrationState.MigrationFailed)
        {
            _listener.Close(ErrorCode.MigrationFailed, "The cluster has recorded this connection's migration as failed.");
        }
    }

    private void Log(string method, Exception e)
    {
        _sessions.Logger.ConnectionCallFailed(_id, method, e);
        _sessions.Metrics.ClusterCallFailed(method);
    }

    private static MigrationKind ToMigrationKind(PathChangeKind kind) => kind switch
    {
        PathChangeKind.PortOnly => MigrationKind.PortOnly,
        PathChangeKind.Address => MigrationKind.Address,
        _ => MigrationKind.Family,
    };
}
