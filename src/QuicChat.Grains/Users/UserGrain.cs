using System.Collections.Immutable;
using Orleans.Placement;
using QuicChat.Abstractions.Users;

namespace QuicChat.Grains.Users;

[GrainType("user"), PreferLocalPlacement]
internal sealed class UserGrain([PersistentState("user")] IPersistentState<UserRecord> record) : Grain, IUserGrain
{
    private List<string> Connections => record.State.Connections;

    public async Task AddConnection(string connectionId)
    {
        if (!Connections.Contains(connectionId))
        {
            Connections.Add(connectionId);
            await WriteAsync();
        }
    }

    public async Task RemoveConnection(string connectionId)
    {
        if (Connections.Remove(connectionId))
        {
            await WriteAsync();
        }
    }

    public Task<ImmutableArray<string>> GetConnections() => Task.FromResult(Connections.ToImmutableArray());

    private async Task WriteAsync()
    {
        try
        {
            // A user without connections leaves nothing behind.
            await (Connections.Count > 0 ? record.WriteStateAsync() : record.ClearStateAsync());
        }
        catch
        {
            // Whether it was written is unknown; the next activation reads what is there.
            DeactivateOnIdle();
            throw;
        }
    }
}
