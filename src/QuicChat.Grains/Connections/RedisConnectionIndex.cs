using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using StackExchange.Redis;

namespace QuicChat.Grains.Connections;

/// <summary>The index in Redis, or in what speaks its protocol: a set a silo's life, and one of the lives.</summary>
internal sealed class RedisConnectionIndex(IConnectionMultiplexer redis, IOptions<ClusterOptions> cluster) : IConnectionIndex
{
    private readonly string _prefix = $"{cluster.Value.ServiceId}/connections/of/";
    private readonly RedisKey _incarnations = $"{cluster.Value.ServiceId}/connections/silos";

    private IDatabase Database => redis.GetDatabase();

    public Task AddAsync(string incarnation, string connectionId)
    {
        // Sent together and taken in this order; the second is what makes the first be found.
        var database = Database;
        return Task.WhenAll(database.SetAddAsync(Key(incarnation), connectionId), database.SetAddAsync(_incarnations, incarnation));
    }

    public Task RemoveAsync(string incarnation, string connectionId) => Database.SetRemoveAsync(Key(incarnation), connectionId);

    public async Task<ImmutableArray<string>> ReadAsync(string incarnation, int limit)
        => [.. (await Database.SetRandomMembersAsync(Key(incarnation), limit)).Select(member => member.ToString())];

    public async Task<ImmutableArray<string>> GetIncarnationsAsync()
        => [.. (await Database.SetMembersAsync(_incarnations)).Select(member => member.ToString())];

    public async Task ForgetAsync(string incarnation)
    {
        await Database.SetRemoveAsync(_incarnations, incarnation);
        if (await Database.KeyExistsAsync(Key(incarnation)))
        {
            // A silo that has not noticed its death yet was quicker.
            await Database.SetAddAsync(_incarnations, incarnation);
        }
    }

    private RedisKey Key(string incarnation) => _prefix + incarnation;
}
