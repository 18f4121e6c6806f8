using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using QuicChat.Abstractions.Sessions;
using QuicChat.Grains.Hosting;

namespace QuicChat.Grains.Sessions;

/// <summary>Keeps the keys in the store. A key leaves this grain only once it is there, since a token must not outlive its key.</summary>
[GrainType("session-keys")]
internal sealed partial class SessionKeyGrain(
    [PersistentState("session-keys")] IPersistentState<SessionKeyRecord> record,
    IOptions<SessionKeyOptions> options,
    [FromKeyedServices(GrainClock.Key)] TimeProvider time,
    ILogger<SessionKeyGrain> logger) : Grain, ISessionKeyGrain
{
    public async Task<SessionKeys> GetKeys()
    {
        var now = time.GetUtcNow();
        var keys = record.State.Keys;
        if (keys is not null && now < record.State.MadeAt + options.Value.RotateAfter)
        {
            return keys;
        }

        keys = new SessionKeys(NewKey(), keys?.Current);
        record.State = new SessionKeyRecord { Keys = keys, MadeAt = now };
        try
        {
            await record.WriteStateAsync();
        }
        catch
        {
            // Whether it was written is unknown; the next activation reads what is there.
            DeactivateOnIdle();
            throw;
        }

        LogMade(keys.Current, keys.Previous?.ToString() ?? "none");
        return keys;
    }

    private static SessionKey NewKey() => new(
        BinaryPrimitives.ReadUInt64BigEndian(RandomNumberGenerator.GetBytes(sizeof(ulong))),
        ImmutableArray.Create(RandomNumberGenerator.GetBytes(SessionKey.SecretLength)));

    [LoggerMessage(1400, LogLevel.Information, "Session tokens are sealed with {Key}; the previous one: {Previous}.")]
    private partial void LogMade(SessionKey key, string previous);
}
