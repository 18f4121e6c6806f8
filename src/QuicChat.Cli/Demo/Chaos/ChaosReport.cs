using System.Collections.Immutable;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Demo.Chaos;

/// <summary>The JSON object of <c>demo --chaos</c>.</summary>
/// <param name="Clients">How many clients there were.</param>
/// <param name="Rooms">How many rooms.</param>
/// <param name="Store">Which store.</param>
/// <param name="Network">What happened to datagrams from beginning to end; <see langword="null"/> where nothing did.</param>
/// <param name="Faults">What was broken else, and how long it took until all clients went on.</param>
/// <param name="Published">Messages sent.</param>
/// <param name="Expected">Acknowledged messages times those that must have each: the members of the room, and its log.</param>
/// <param name="Delivered">Of these, those that were there.</param>
/// <param name="Lost">Of these, those that were not.</param>
/// <param name="Duplicated">Arrivals of a message where it was already.</param>
/// <param name="Reordered">Arrivals behind a message with a higher offset, or behind one that its sender published later.</param>
/// <param name="Unacknowledged">Messages sent and never acknowledged.</param>
/// <param name="Foreign">Arrivals of messages that nobody sent to that room.</param>
/// <param name="Gaps">Places where a room went on without some messages.</param>
/// <param name="WrongViews">Clients that in the end did not see exactly those in their room who were there.</param>
/// <param name="Failures">What has not recovered or cannot be compared, in words; after the first nothing else was broken.</param>
/// <param name="Reconnects">Connections that were lost and replaced.</param>
/// <param name="Seed">Repeats the run's decisions.</param>
internal sealed record ChaosReport(
    int Clients,
    int Rooms,
    string Store,
    ChaosReport.BadNetwork? Network,
    ImmutableArray<ChaosReport.Recovery> Faults,
    long Published,
    long Expected,
    long Delivered,
    long Lost,
    long Duplicated,
    long Reordered,
    long Unacknowledged,
    long Foreign,
    long Gaps,
    int WrongViews,
    ImmutableArray<string> Failures,
    long Reconnects,
    int Seed)
{
    /// <summary>What did not hold, in words; none where all did.</summary>
    public IReadOnlyList<string> Violations()
    {
        var limit = ChaosSettings.GatewayLimit.TotalSeconds;
        (bool IsViolation, string Words)[] checks =
        [
            (Gaps > 0, $"{Gaps} gaps told to clients"),
            (WrongViews > 0, $"{WrongViews} clients wrong about who is in their room"),
            .. Faults.Select(fault => (
                fault.BackSeconds > limit, Text($"clients not back {limit} s after {fault.What}, but after {fault.BackSeconds} s"))),
            .. Faults.Select(fault => (
                fault.PresenceSeconds > limit,
                Text($"presence wrong {limit} s after {fault.What}, right after {fault.PresenceSeconds} s"))),
        ];
        var delivery = new DeliveryAudit(Published, Expected, Delivered, Unacknowledged, Lost, Duplicated, Reordered, Foreign);
        return [.. delivery.Violations(), .. checks.Where(check => check.IsViolation).Select(check => check.Words), .. Failures];

        static string Text(FormattableString text) => FormattableString.Invariant(text);
    }

    /// <summary>Something was broken.</summary>
    /// <param name="What">What.</param>
    /// <param name="Seconds">Until every client was connected and had a message acknowledged that it published after.</param>
    /// <param name="DownSeconds">Of a process that was killed: until it served again.</param>
    /// <param name="BackSeconds">Of a gateway: until that was so of each client that had been on it.</param>
    /// <param name="PresenceSeconds">
    /// Of a gateway: until each client saw exactly those in its room who were there, without the users who had been on that gateway and stay
    /// away.
    /// </param>
    internal sealed record Recovery(
        string What, double Seconds, double? DownSeconds = null, double? BackSeconds = null, double? PresenceSeconds = null)
    {
        /// <summary>How it went on, in words.</summary>
        public string Describe() => BackSeconds is null
            ? FormattableString.Invariant($"all went on after {Seconds:0.0} s")
            : FormattableString.Invariant(
                $"all went on after {Seconds:0.0} s, its clients after {BackSeconds:0.0} s, presence right after {PresenceSeconds:0.0} s");
    }

    /// <summary>What happened to datagrams, in each direction.</summary>
    /// <param name="LossPercent">Of a hundred, how many were lost.</param>
    /// <param name="DelayMs">How long each was under way.</param>
    /// <param name="JitterMs">By up to how much longer.</param>
    /// <param name="ReorderPercent">Of a hundred, how many were overtaken.</param>
    /// <param name="DuplicatePercent">Of a hundred, how many arrived twice.</param>
    internal sealed record BadNetwork(double LossPercent, double DelayMs, double JitterMs, double ReorderPercent, double DuplicatePercent)
    {
        /// <summary>What a run has asked for.</summary>
        public static BadNetwork? Of(LinkConditions conditions) => conditions == LinkConditions.Unimpaired
            ? null
            : new BadNetwork(
                conditions.LossPercent,
                conditions.Delay.TotalMilliseconds,
                conditions.Jitter.TotalMilliseconds,
                conditions.ReorderPercent,
                conditions.DuplicatePercent);

        /// <summary>The same in words.</summary>
        public string Describe() => FormattableString.Invariant(
            $"{LossPercent} % of datagrams lost, {ReorderPercent} % reordered, {DuplicatePercent} % duplicated, {DelayMs:0} ms of delay");
    }
}
