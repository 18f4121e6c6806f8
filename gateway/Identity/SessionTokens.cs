using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using QuicChat.Abstractions.Sessions;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Routing;
using QuicChat.Gateway.Sessions;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Identity;

/// <summary>
/// Session tokens: which connection of which user and client ID one was given to, sealed with AES-256-GCM by a key that all gateways of the
/// cluster have. A token holds: version, key ID, nonce, sealed [connection ID, expiry, hash of user and client], tag.
/// </summary>
internal sealed class SessionTokens(
    ICluster cluster,
    IOptions<SessionOptions> options,
    TimeProvider time,
    GatewayMetrics metrics,
    ILogger<SessionTokens> logger)
{
    private const byte Version = 1;
    private const int KeyIdOffset = 1;
    private const int NonceOffset = KeyIdOffset + sizeof(ulong);
    private const int NonceLength = 12;
    private const int SealedOffset = NonceOffset + NonceLength;
    private const int SealedLength = ConnectionId.Length + sizeof(long) + SHA256.HashSizeInBytes;
    private const int TagOffset = SealedOffset + SealedLength;
    private const int TagLength = 16;
    private const int Length = TagOffset + TagLength;

    // How soon a gateway knows of a new key. What it seals with it, others open at once.
    private static readonly TimeSpan KeyLookInterval = TimeSpan.FromSeconds(30);

    // Anyone can send tokens that name keys which there are not.
    private static readonly TimeSpan ShortestLookInterval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private SessionKeys? _keys;
    private long _lookedAt;
    private Task _look = Task.CompletedTask;

    /// <summary>Takes the keys, trying again while the cluster does not answer.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        for (var backoff = new Backoff(); ; await Task.Delay(backoff.Next(), time, cancellationToken))
        {
            await LookAsync();
            if (Volatile.Read(ref _keys) is not null)
            {
                return;
            }
        }
    }

    /// <summary>The keys in force, as far as they are known here. They are asked for again when they have not been for a while.</summary>
    public SessionKeys? LookForKeys()
    {
        _ = LookAgainAsync(KeyLookInterval);
        return Volatile.Read(ref _keys);
    }

    /// <summary>Makes a token.</summary>
    public byte[] Seal(ConnectionId connection, string userId, string clientId)
    {
        var key = (LookForKeys() ?? throw new InvalidOperationException("The gateway has no session keys yet.")).Current;
        var token = new byte[Length];
        token[0] = Version;
        BinaryPrimitives.WriteUInt64BigEndian(token.AsSpan(KeyIdOffset), key.Id);
        RandomNumberGenerator.Fill(token.AsSpan(NonceOffset, NonceLength));

        Span<byte> content = stackalloc byte[SealedLength];
        connection.Write(content);
        var expiresAt = time.GetUtcNow() + options.Value.SessionTokenLifetime;
        BinaryPrimitives.WriteInt64BigEndian(content[ConnectionId.Length..], expiresAt.ToUnixTimeMilliseconds());
        Hash(userId, clientId, content[(ConnectionId.Length + sizeof(long))..]);

        using var aes = new AesGcm(key.Secret.AsSpan(), TagLength);
        aes.Encrypt(
            token.AsSpan(NonceOffset, NonceLength), content, token.AsSpan(SealedOffset, SealedLength), token.AsSpan(TagOffset), token.AsSpan(0, NonceOffset));
        return token;
    }

    /// <summary>Opens a token that a user brings.</summary>
    /// <param name="token">The token.</param>
    /// <param name="userId">Whose it should be.</param>
    /// <param name="clientId">Whose it should be.</param>
    /// <param name="connection">The connection that it was given to, where it is valid.</param>
    public SessionTokenState Open(ReadOnlySpan<byte> token, string userId, string clientId, out ConnectionId connection)
    {
        connection = default;
        Span<byte> content = stackalloc byte[SealedLength];
        if (FindKey(token) is not { } key || !TryDecrypt(key, token, content))
        {
            return SessionTokenState.Invalid;
        }

        Span<byte> owner = stackalloc byte[SHA256.HashSizeInBytes];
        Hash(userId, clientId, owner);
        if (!CryptographicOperations.FixedTimeEquals(owner, content[(ConnectionId.Length + sizeof(long))..]))
        {
            return SessionTokenState.Foreign;
        }

        connection = ConnectionId.Read(content[..ConnectionId.Length]);
        return BinaryPrimitives.ReadInt64BigEndian(content[ConnectionId.Length..]) > time.GetUtcNow().ToUnixTimeMilliseconds()
            ? SessionTokenState.Valid
            : SessionTokenState.Expired;
    }

    /// <summary>Has the cluster asked for a key that a token names and that is not here: it may be newer than those at hand.</summary>
    public Task PrepareAsync(ReadOnlyMemory<byte> token)
        => HasShape(token.Span) && FindKey(token.Span) is null ? LookAgainAsync(ShortestLookInterval) : Task.CompletedTask;

    private static bool HasShape(ReadOnlySpan<byte> token) => token.Length == Length && token[0] == Version;

    private SessionKey? FindKey(ReadOnlySpan<byte> token)
        => HasShape(token) ? Volatile.Read(ref _keys)?.Find(BinaryPrimitives.ReadUInt64BigEndian(token[KeyIdOffset..])) : null;

    private static bool TryDecrypt(SessionKey key, ReadOnlySpan<byte> token, Span<byte> content)
    {
        using var aes = new AesGcm(key.Secret.AsSpan(), TagLength);
        try
        {
            aes.Decrypt(token.Slice(NonceOffset, NonceLength), token.Slice(SealedOffset, SealedLength), token[TagOffset..], content, token[..NonceOffset]);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    // A client ID has no spaces, so no two pairs look alike.
    private static void Hash(string userId, string clientId, Span<byte> destination)
        => SHA256.HashData(Encoding.UTF8.GetBytes($"{clientId} {userId}"), destination);

    private Task LookAgainAsync(TimeSpan interval)
    {
        lock (_lock)
        {
            return _look.IsCompleted && time.GetElapsedTime(_lookedAt) < interval ? Task.CompletedTask : LookAsync();
        }
    }

    /// <summary>Asks the cluster for the keys, one call at a time; where it does not answer, those at hand stay.</summary>
    private Task LookAsync()
    {
        lock (_lock)
        {
            if (_look.IsCompleted)
            {
                _lookedAt = time.GetTimestamp();
                _look = FetchAsync();
            }

            return _look;
        }
    }

    private async Task FetchAsync()
    {
        await Task.Yield();
        try
        {
            Volatile.Write(ref _keys, await cluster.SessionKeys.GetKeys());
        }
        catch (Exception e)
        {
            logger.SessionKeysNotRead(e);
            metrics.ClusterCallFailed(nameof(ISessionKeyGrain.GetKeys));
        }
    }
}
