using System.Net;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Sessions;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Migrations;

/// <summary>
/// Reads a connection's path events and says what they mean: to the cluster through the connection's <see cref="ConnectionLink"/>, to the
/// client by notices, to operators by logs and metrics.
/// </summary>
internal sealed class PathReporter
{
    private readonly ConnectionId _id;
    private readonly IConnectionPathFeature _path;
    private readonly IPathListener _listener;
    private readonly ClientSessions _sessions;
    private readonly ConnectionLink _link;
    private readonly PathAdmission _admission;
    private readonly PathEventQueue _seen = new();

    private readonly Lock _lock = new();
    private Task _reading = Task.CompletedTask;
    private Attempt? _attempt;

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
        _listener = listener;
        _sessions = sessions;
        _admission = new PathAdmission(() => sessions.Paths, sessions.Time);
        path.Judge = _admission.Deny;
        _link = new ConnectionLink(id, registration, sessions, reason => listener.Close(ErrorCode.MigrationFailed, reason), abandoned);
    }

    /// <summary>Completes when the connection has ended and its last path event has been read.</summary>
    public Task EventsRead => _reading;

    /// <summary>Registers the connection, trying again while the cluster does not answer, and begins to read its path events.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _link.StartAsync(cancellationToken);
        _reading = Task.WhenAll(SeeAsync(), ReadAsync());
    }

    /// <summary>Registers the connection again: the cluster may have given it up.</summary>
    public void RegisterAgain() => _link.RegisterAgain();

    /// <summary>
    /// The cluster has an attempt of this connection that should have ended. What was not acknowledged is reported again in any case; where no
    /// attempt is in flight here, its end was lost. Once the connection has ended, taking it out of the registry answers this.
    /// </summary>
    public void Check()
    {
        lock (_lock)
        {
            if (_link.IsEnding)
            {
                return;
            }

            _link.RegisterAgain();
            if (_attempt is null)
            {
                Report(PathObservationType.Unknown, _link.RemoteEndPoint, _link.RemoteEndPoint, MigrationKind.PortOnly, _sessions.Time.GetUtcNow());
            }
        }
    }

    /// <summary>Takes the connection out of the registry, after its last path events. Completes when the cluster knows.</summary>
    public Task EndAsync(ConnectionClosure closure)
    {
        lock (_lock)
        {
            EndAttempt(closure);
        }

        return _link.EndAsync(new QuicConnectionClosedException(closure).Message);
    }

    /// <summary>Counts migrations as they happen: those who wait for the cluster must not have the limit of their rate wait too.</summary>
    private async Task SeeAsync()
    {
        try
        {
            await foreach (var next in _path.Events.ReadAllAsync())
            {
                switch (next)
                {
                    case PathEvent.Detected:
                        _admission.Began();
                        break;
                    case PathEvent.Superseded:
                        _admission.Superseded();
                        break;
                    case PathEvent.Reverted:
                        _admission.Reverted();
                        break;
                }

                _seen.Write(next);
            }
        }
        catch (Exception e)
        {
            Fail(e);
        }
        finally
        {
            _seen.Complete();
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            await foreach (var next in _seen.ReadAllAsync())
            {
                lock (_lock)
                {
                    Take(next);
                }

                if (next is PathEvent.Failed failed)
                {
                    // The cluster should hear the reason before the end, but a dead cluster must not keep a dead connection.
                    await _link.WhenSentAsync().WaitAsync(_sessions.Options.FailureReportTimeLimit, _sessions.Time)
                        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    _listener.Close(ErrorCode.MigrationFailed, failed.Reason);
                }
                else if (_link.IsFull)
                {
                    await _link.WhenSentAsync();
                }
            }
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private void Fail(Exception error)
    {
        _sessions.Logger.SessionFailed(_id, error);
        _listener.Close(ErrorCode.Internal, "An internal error.");
    }

    private void Take(PathEvent next)
    {
        switch (next)
        {
            case PathEvent.Detected e:
                Begin(e);
                break;
            case PathEvent.Validated e:
                _link.RemoteEndPoint = e.Path.Remote.ToString();
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
            case PathEvent.Denied e:
                _sessions.Logger.PathDenied(_id, e.From.Remote, e.To.Remote, e.Kind, e.Reason);
                _sessions.Metrics.PathDenied(e.Kind);
                Report(
                    PathObservationType.Denied, e.From.Remote.ToString(), e.To.Remote.ToString(), ToMigrationKind(e.Kind), e.At, reason: e.Reason);
                if (!_path.Capabilities.HasFlag(PathCapabilities.Refusal))
                {
                    // The client is there, and the engine cannot keep it from it.
                    _listener.Close(ErrorCode.MigrationDenied, e.Reason);
                }

                break;
            case PathEvent.Failed e:
                End(PathObservationType.Failed, MigrationNotice.Types.Outcome.Failed, e.At, e.Duration, reason: e.Reason);
                break;
        }
    }

    private void Begin(PathEvent.Detected detected)
    {
        var attempt = new Attempt(
            detected.From.Remote, detected.To.Remote, detected.Kind, detected.At, _sessions.Paths.LeavesPreferred(detected.From, detected.To));
        _attempt = attempt;
        _sessions.Logger.PathDetected(_id, attempt.From, attempt.To, attempt.Kind);
        _sessions.Metrics.PathDetected(attempt.Kind);
        Report(PathObservationType.Detected, attempt.From.ToString(), attempt.To.ToString(), ToMigrationKind(attempt.Kind), detected.At);
        if (!_path.Capabilities.HasFlag(PathCapabilities.ExactValidation))
        {
            _listener.ProbePath();
        }

        Notify(attempt, MigrationNotice.Types.Outcome.Started, TimeSpan.Zero, "");
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

        _attempt = null;
        var (from, to, kind) = (attempt.From.ToString(), attempt.To.ToString(), ToMigrationKind(attempt.Kind));
        if (type is { } reported)
        {
            Report(reported, from, to, kind, at, duration, isInferred, reason);
        }

        _sessions.Logger.PathEnded(_id, attempt.From, attempt.To, attempt.Kind, outcome, duration.TotalMilliseconds, reason ?? "");
        _sessions.Metrics.PathEnded(attempt.Kind, outcome.ToString().ToLowerInvariant());
        Notify(attempt, outcome, duration, reason ?? "");
    }

    /// <summary>
    /// An attempt ends with its connection. A client that hears nothing on its new path finds out by its own timer, which may be earlier than the
    /// gateway's: it then says MIGRATION_FAILED, and so it is counted; and so is one from which nothing was heard for the whole idle time-out. All else
    /// abandons the attempt.
    /// </summary>
    private void EndAttempt(ConnectionClosure closure)
    {
        if (_attempt is not { } attempt)
        {
            return;
        }

        _attempt = null;
        var failure = closure switch
        {
            { Origin: ConnectionCloseOrigin.Peer, ApplicationErrorCode: (ulong)ErrorCode.MigrationFailed }
                => "the client heard nothing on its new path and gave it up",
            { Origin: ConnectionCloseOrigin.IdleTimeout } => "nothing was heard from the client for the idle time-out",
            _ => null,
        };
        if (failure is not null)
        {
            var now = _sessions.Time.GetUtcNow();
            Report(
                PathObservationType.Failed,
                attempt.From.ToString(),
                attempt.To.ToString(),
                ToMigrationKind(attempt.Kind),
                now,
                now - attempt.At,
                reason: failure);
        }

        _sessions.Metrics.PathEnded(attempt.Kind, failure is null ? "abandoned" : "failed");
    }

    private void Notify(Attempt attempt, MigrationNotice.Types.Outcome outcome, TimeSpan duration, string reason) => _listener.Notify(new MigrationNotice
    {
        Kind = (MigrationNotice.Types.Kind)(ToMigrationKind(attempt.Kind) + 1),
        Outcome = outcome,
        From = attempt.From.ToString(),
        To = attempt.To.ToString(),
        DurationMs = (uint)Math.Max(0, duration.TotalMilliseconds),
        Reason = reason,
        LeftPreferredNetworks = attempt.LeavesPreferred,
    });

    private void Report(
        PathObservationType type,
        string from,
        string to,
        MigrationKind kind,
        DateTimeOffset at,
        TimeSpan duration = default,
        bool isInferred = false,
        string? reason = null)
        => _link.Report(new PathObservation(0, type, from, to, kind, at, duration, isInferred, reason));

    private static MigrationKind ToMigrationKind(PathChangeKind kind) => kind switch
    {
        PathChangeKind.PortOnly => MigrationKind.PortOnly,
        PathChangeKind.Address => MigrationKind.Address,
        _ => MigrationKind.Family,
    };

    private sealed record Attempt(IPEndPoint From, IPEndPoint To, PathChangeKind Kind, DateTimeOffset At, bool LeavesPreferred);
}
