using System.Collections.Immutable;
using Orleans.Concurrency;

namespace QuicChat.Abstractions.Users;

/// <summary>A user, keyed by the ID of the token's subject: which connections it has.</summary>
[Alias("quicchat.user")]
public interface IUserGrain : IGrainWithStringKey
{
    /// <summary>Adds a connection; repeating it changes nothing.</summary>
    [Alias("AddConnection")]
    Task AddConnection(string connectionId);

    /// <summary>Removes a connection.</summary>
    [Alias("RemoveConnection")]
    Task RemoveConnection(string connectionId);

    /// <summary>The user's registered connections.</summary>
    [Alias("GetConnections")]
    [ReadOnly]
    Task<ImmutableArray<string>> GetConnections();
}
