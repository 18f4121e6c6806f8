using System.Collections.Immutable;

namespace QuicChat.Grains.Connections;

/// <summary>
/// Which connections' records each life of a silo may have counted in, in the store, so that they can be found when the silo has died. A
/// connection is added before its record is written there, and removed after the record has nothing of that silo left.
/// </summary>
internal interface IConnectionIndex
{
    /// <summary>Adds a connection; repeating it changes nothing.</summary>
    Task AddAsync(string incarnation, string connectionId);

    /// <summary>Removes a connection.</summary>
    Task RemoveAsync(string incarnation, string connectionId);

    /// <summary>Some of the connections of one life of a silo, at most <paramref name="limit"/>; none where there are none left.</summary>
    Task<ImmutableArray<string>> ReadAsync(string incarnation, int limit);

    /// <summary>The lives of silos that may have connections here.</summary>
    Task<ImmutableArray<string>> GetIncarnationsAsync();

    /// <summary>Drops a life of a silo that has no connections left.</summary>
    Task ForgetAsync(string incarnation);
}
