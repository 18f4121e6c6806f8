namespace QuicChat.Cli.Demo;

/// <summary>What an auditor found. All but the first three are 0 where delivery is right.</summary>
/// <param name="Published">Messages that were sent.</param>
/// <param name="Expected">Acknowledged messages times the members that must have each.</param>
/// <param name="Delivered">Of the expected ones, those that arrived with the offset of their acknowledgement.</param>
/// <param name="Unacknowledged">Sent but never acknowledged, so that nothing can be said of them.</param>
/// <param name="Lost">Expected and not delivered.</param>
/// <param name="Duplicated">Arrivals of a message at a member that had it already.</param>
/// <param name="Reordered">Arrivals behind a message with a higher offset, or behind one that its sender published later.</param>
/// <param name="Foreign">Arrivals of messages that nobody sent to that room.</param>
internal sealed record DeliveryAudit(
    long Published, long Expected, long Delivered, long Unacknowledged, long Lost, long Duplicated, long Reordered, long Foreign)
{
    /// <summary>Whether each acknowledged message stands exactly once, in the order of the offsets, at each member.</summary>
    public bool Held => (Unacknowledged | Lost | Duplicated | Reordered | Foreign) == 0;

    /// <summary>What did not hold, in words; none where all did and there was something to hold.</summary>
    public IReadOnlyList<string> Violations()
    {
        (bool IsViolation, string Words)[] checks =
        [
            (Published == 0, "nothing was published"),
            (Lost > 0, $"{Lost} lost"),
            (Duplicated > 0, $"{Duplicated} duplicated"),
            (Reordered > 0, $"{Reordered} reordered"),
            (Unacknowledged > 0, $"{Unacknowledged} not acknowledged"),
            (Foreign > 0, $"{Foreign} in a room that they were not sent to"),
        ];
        return [.. checks.Where(check => check.IsViolation).Select(check => check.Words)];
    }
}
