using System.Collections.Immutable;

namespace QuicChat.Abstractions.Connections;

/// <summary>Connections of the cluster, as many as were asked for.</summary>
/// <param name="Total">How many there are, shown or not.</param>
/// <param name="Connections">The newest first; of the same time, in the order of their IDs.</param>
/// <param name="Missing">Silos that did not answer, or have died and are being read again: their connections may be missing from all this.</param>
[GenerateSerializer, Immutable, Alias("quicchat.connection.list")]
public sealed record ConnectionList(
    [property: Id(0)] long Total,
    [property: Id(1)] ImmutableArray<ConnectionSummary> Connections,
    [property: Id(2)] ImmutableArray<string> Missing)
{
    /// <summary>One list of several, none longer than <paramref name="limit"/>. A connection that moved meanwhile is in it once.</summary>
    public static ConnectionList Merge(IReadOnlyCollection<ConnectionList> lists, int limit)
    {
        var all = lists.SelectMany(list => list.Connections).ToList();
        var once = all.DistinctBy(connection => connection.ConnectionId).ToList();
        return new ConnectionList(
            lists.Sum(list => list.Total) - (all.Count - once.Count),
            [.. once.OrderByDescending(one => one.ConnectedAt).ThenBy(one => one.ConnectionId, StringComparer.Ordinal).Take(limit)],
            [.. lists.SelectMany(list => list.Missing).Distinct().Order(StringComparer.Ordinal)]);
    }
}
