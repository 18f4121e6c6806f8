using System.Diagnostics;
using System.Diagnostics.Metrics;
using QuicChat.Gateway.Identity;
using QuicChat.Gateway.Limits;
using QuicChat.Protocol;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;
using QuicChat.Quic.Routing;

namespace QuicChat.Gateway.Diagnostics;

/// <summary>The gateway's metrics. Tags have few values each; an ID is never one.</summary>
internal sealed class GatewayMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "QuicChat.Gateway";

    // From a round trip in a house to the longest time that an attempt mostly has.
    private static readonly InstrumentAdvice<double> PathDurations = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    };

    private static readonly InstrumentAdvice<int> BatchSizes = new() { HistogramBucketBoundaries = [1, 2, 5, 10, 25, 50, 100, 250, 500] };

    private readonly UpDownCounter<long> _connections;
    private readonly Counter<long> _closed;
    private readonly Counter<long> _resumed;
    private readonly Counter<long> _sessionTokens;
    private readonly Counter<long> _limitsRefused;
    private readonly UpDownCounter<long> _roomStreams;
    private readonly Counter<long> _roomStreamsReset;
    private readonly Counter<long> _published;
    private readonly Counter<long> _acked;
    private readonly Counter<long> _deduplicated;
    private readonly Counter<long> _rejected;
    private readonly Counter<long> _retried;
    private readonly Counter<long> _delivered;
    private readonly Counter<long> _replayed;
    private readonly UpDownCounter<long> _outbox;
    private readonly Histogram<int> _batchSize;
    private readonly Counter<long> _holes;
    private readonly Counter<long> _pushesIgnored;
    private readonly Counter<long> _pathDetected;
    private readonly Counter<long> _pathDenied;
    private readonly Counter<long> _pathEnded;
    private readonly Histogram<double> _pathDuration;
    private readonly Counter<long> _pathReports;
    private readonly Counter<long> _noticesDropped;
    private readonly Counter<long> _clusterFailures;

    public GatewayMetrics(IMeterFactory meters, ServerPool pool, Rejections rejections)
    {
        var meter = meters.Create(MeterName);
        _connections = meter.CreateUpDownCounter<long>("quicchat.connections", "{connection}", "Authenticated connections.");
        _closed = meter.CreateCounter<long>("quicchat.connection.closed", "{connection}", "Connections that the gateway closed, by error code.");
        _resumed = meter.CreateCounter<long>("quicchat.session.resume", "{join}", "Joins with a position, by whether the whole gap was there.");
        _sessionTokens = meter.CreateCounter<long>("quicchat.session.tokens", "{token}", "Session tokens that clients brought, by what they were worth.");
        _limitsRefused = meter.CreateCounter<long>("quicchat.limits.refused", "{refusal}", "Refused, or made to wait, by limit.");
        _roomStreams = meter.CreateUpDownCounter<long>("quicchat.room.streams", "{stream}", "Joined room streams.");
        _roomStreamsReset = meter.CreateCounter<long>("quicchat.room.resets", "{stream}", "Room streams that the gateway reset, by error code.");
        _published = meter.CreateCounter<long>("quicchat.delivery.published", "{message}", "Messages taken from clients.");
        _acked = meter.CreateCounter<long>("quicchat.delivery.acked", "{message}", "Messages answered by Ack.");
        _deduplicated = meter.CreateCounter<long>("quicchat.delivery.deduplicated", "{message}", "Messages that were found stored already.");
        _rejected = meter.CreateCounter<long>("quicchat.delivery.rejected", "{message}", "Messages answered by Reject, by error code.");
        _retried = meter.CreateCounter<long>("quicchat.delivery.retried", "{call}", "Publish calls made again.");
        _delivered = meter.CreateCounter<long>("quicchat.delivery.delivered", "{message}", "Messages written to room streams.");
        _replayed = meter.CreateCounter<long>("quicchat.delivery.replayed", "{message}", "Messages read from the log for one room stream.");
        _outbox = meter.CreateUpDownCounter<long>(
            "quicchat.outbox.bytes",
            "By",
            "Bytes that wait for room streams to take them, or for rooms to store them, the engine's own buffers not counted.");
        _batchSize = meter.CreateHistogram<int>(
            "quicchat.fanout.batch.size", "{message}", "Messages in a batch from a room.", advice: BatchSizes);
        _holes = meter.CreateCounter<long>("quicchat.fanout.holes", "{hole}", "Batches that came before an earlier one, or without it.");
        _pushesIgnored = meter.CreateCounter<long>("quicchat.push.ignored", "{push}", "Pushes from grains about what this gateway does not have.");
        _pathDetected = meter.CreateCounter<long>("quicchat.path.detected", "{attempt}", "Path changes that began, by kind.");
        _pathDenied = meter.CreateCounter<long>("quicchat.path.denied", "{path}", "Paths that policy refused, by kind.");
        _pathEnded = meter.CreateCounter<long>("quicchat.path.ended", "{attempt}", "Path changes that ended, by kind and outcome.");
        _pathDuration = meter.CreateHistogram<double>(
            "quicchat.path.duration", "s", "Time from the detection of a path change to its validation.", advice: PathDurations);
        _pathReports = meter.CreateCounter<long>("quicchat.path.reports", "{call}", "Reports of path events to the cluster.");
        _noticesDropped = meter.CreateCounter<long>("quicchat.notices.dropped", "{frame}", "Notices that a client did not read in time.");
        meter.CreateObservableCounter("quicchat.pool.datagrams", () => Measure(pool), "{datagram}", "Datagrams of clients that came in by another gateway than their connection's, by what became of them.");
        meter.CreateObservableCounter(
            "quicchat.quic.rejected", () => Measure(rejections), "{datagram}", "Datagrams that the QUIC engine did not take, by reason.");
        _clusterFailures = meter.CreateCounter<long>("quicchat.cluster.failures", "{call}", "Failed calls to grains, by method.");
    }

    public void ConnectionOpened() => _connections.Add(1);

    public void ConnectionEnded() => _connections.Add(-1);

    public void ConnectionClosed(ErrorCode code) => _closed.Add(1, Code(code));

    public void LimitRefused(Limit limit) => _limitsRefused.Add(1, new KeyValuePair<string, object?>("limit", limit switch
    {
        Limit.Connections => "connections",
        Limit.UserConnections => "user_connections",
        Limit.HandshakeRate => "handshake_rate",
        Limit.PublishRate => "publish_rate",
        Limit.JoinRate => "join_rate",
        Limit.HistoryRate => "history_rate",
        Limit.Rooms => "rooms",
        _ => throw new UnreachableException(),
    }));

    public void SessionTokenRead(SessionTokenState state)
        => _sessionTokens.Add(1, new KeyValuePair<string, object?>("state", state switch
        {
            SessionTokenState.Valid => "valid",
            SessionTokenState.Expired => "expired",
            SessionTokenState.Invalid => "invalid",
            SessionTokenState.Foreign => "foreign",
            _ => throw new UnreachableException(),
        }));

    public void Joined(bool isResume, bool recovered)
    {
        _roomStreams.Add(1);
        if (isResume)
        {
            _resumed.Add(1, new KeyValuePair<string, object?>("recovered", recovered));
        }
    }

    public void Left() => _roomStreams.Add(-1);

    public void RoomStreamReset(ErrorCode code) => _roomStreamsReset.Add(1, Code(code));

    public void Published() => _published.Add(1);

    public void Acked(bool isDuplicate)
    {
        _acked.Add(1);
        if (isDuplicate)
        {
            _deduplicated.Add(1);
        }
    }

    public void Rejected(ErrorCode code) => _rejected.Add(1, Code(code));

    public void PublishRetried() => _retried.Add(1);

    public void Delivered(int messages) => _delivered.Add(messages);

    public void Replayed(int messages) => _replayed.Add(messages);

    public void OutboxChanged(long bytes)
    {
        if (bytes != 0)
        {
            _outbox.Add(bytes);
        }
    }

    public void FanoutBatch(int messages) => _batchSize.Record(messages);

    public void FanoutHole() => _holes.Add(1);

    public void PushIgnored(string push) => _pushesIgnored.Add(1, new KeyValuePair<string, object?>("push", push));

    public void PathDetected(PathChangeKind kind) => _pathDetected.Add(1, Kind(kind));

    public void PathDenied(PathChangeKind kind) => _pathDenied.Add(1, Kind(kind));

    public void PathEnded(PathChangeKind kind, string outcome)
        => _pathEnded.Add(1, Kind(kind), new KeyValuePair<string, object?>("outcome", outcome));

    public void PathValidated(PathChangeKind kind, TimeSpan duration) => _pathDuration.Record(duration.TotalSeconds, Kind(kind));

    public void PathReported() => _pathReports.Add(1);

    public void NoticeDropped() => _noticesDropped.Add(1);

    public void ClusterCallFailed(string method) => _clusterFailures.Add(1, new KeyValuePair<string, object?>("method", method));

    private static KeyValuePair<string, object?> Code(ErrorCode code) => new("code", code.ToName());

    private static IEnumerable<Measurement<long>> Measure(ServerPool pool) =>
    [
        new(pool.HandedOn, new KeyValuePair<string, object?>("direction", "handed_on")),
        new(pool.Taken, new KeyValuePair<string, object?>("direction", "taken")),
        new(pool.Returned, new KeyValuePair<string, object?>("direction", "returned")),
    ];

    private static IEnumerable<Measurement<long>> Measure(Rejections rejections)
        => Enum.GetValues<RejectionReason>().Select(reason => new Measurement<long>(rejections[reason], Reason(reason)));

    private static KeyValuePair<string, object?> Reason(RejectionReason reason) => new("reason", reason switch
    {
        RejectionReason.Malformed => "malformed",
        RejectionReason.Version => "version",
        RejectionReason.UnknownConnection => "unknown_connection",
        RejectionReason.HandshakeLimit => "handshake_limit",
        RejectionReason.NotAdmitted => "not_admitted",
        RejectionReason.InvalidToken => "invalid_token",
        RejectionReason.Unproven => "unproven",
        RejectionReason.DeniedPath => "denied_path",
        RejectionReason.TooManyPaths => "too_many_paths",
        RejectionReason.Replayed => "replayed",
        RejectionReason.Undecryptable => "undecryptable",
        RejectionReason.FormerLife => "former_life",
        RejectionReason.ResetLimit => "reset_limit",
        RejectionReason.Link => "link",
        _ => throw new UnreachableException(),
    });

    private static KeyValuePair<string, object?> Kind(PathChangeKind kind) => new("kind", kind switch
    {
        PathChangeKind.PortOnly => "port_only",
        PathChangeKind.Address => "address",
        PathChangeKind.Family => "family",
        _ => throw new UnreachableException(),
    });
}
