namespace QuicChat.Cli.Demo;

/// <summary>What an auditor found. All but the first three are 0 where delivery is right.</summary>
/// <param name="Published">Messages that were sent.</param>
/// <param name="Expected">Acknowledged messages times the members that must have each.</param>
/// <param name="Delivered">Of the expected ones, those that arrived with the offset of their acknowledgement.</param>
/// <param name="Unacknowledged">Sent but never acknowledged, so that nothing can be said of them.</param>
/// <param name="Lost">Expected and not delivered.</param>
/// <param name="Duplicated">Arrivals of a message at a member that had it already.</param>
/// <param name="Reordered">Arrivals behind a message with a higher offset.</param>
/// <param name="Foreign">Arrivals of messages that nobody sent to that room.</param>
internal sealed record DeliveryAudit(
    long Published, long Expected, long Delivered, long Unacknowledged, long Lost, long Duplicated, long Reordered, long Foreign)
{
    /// <summary>Whether each acknowledged message stands exactly once, in the order of the offsets, at each member.</summary>
    public bool Held => (Unacknowledged | Lost | Duplicated | Reordered | Foreign) == 0;
}
