using System.Collections.Immutable;

namespace QuicChat.Cli.Load;

/// <summary>One second of a run.</summary>
/// <param name="At">Its end, in seconds since the run's start.</param>
/// <param name="Phase">What was going on: <c>ramp</c>, <c>warm-up</c>, <c>measure</c> or <c>settle</c>.</param>
/// <param name="Connections">Connections so far.</param>
/// <param name="Published">Messages published a second.</param>
/// <param name="Delivered">Arrivals a second.</param>
/// <param name="P50Ms">The median of delivery, of messages that were due while measured.</param>
/// <param name="P99Ms">The 99th percentile.</param>
/// <param name="MaxMs">The longest.</param>
/// <param name="PathChanges">Path changes made in it.</param>
/// <param name="Reconnects">Reconnects in it.</param>
/// <param name="RssBytes">Resident memory of each process, in the order of the names in the report.</param>
internal sealed record LoadSecond(
    double At,
    string Phase,
    long Connections,
    double Published,
    double Delivered,
    double? P50Ms,
    double? P99Ms,
    double? MaxMs,
    long PathChanges,
    long Reconnects,
    ImmutableArray<long> RssBytes);
