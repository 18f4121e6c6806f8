using System.Security.Cryptography;

namespace QuicChat.Quic.Routing;

/// <summary>What the servers of a pool share in secret. All keys derive from one secret (RFC 5869), each for one use.</summary>
public sealed class PoolSecret
{
    /// <summary>The least bytes of a secret.</summary>
    public const int MinLength = 32;

    private readonly byte[] _secret;

    /// <summary>Takes a secret.</summary>
    /// <param name="configurationId">The configuration ID of connection IDs under it, 0 to <see cref="QuicLbConfiguration.MaxId"/>.</param>
    /// <param name="secret">At least 32 random bytes.</param>
    /// <param name="connectionIdKey">The key of connection IDs, 16 bytes, where a load balancer has it, too; unset, it derives from the secret.</param>
    public PoolSecret(byte configurationId, ReadOnlySpan<byte> secret, ReadOnlyMemory<byte>? connectionIdKey = null)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(configurationId, QuicLbConfiguration.MaxId);
        ArgumentOutOfRangeException.ThrowIfLessThan(secret.Length, MinLength, nameof(secret));
        ConfigurationId = configurationId;
        _secret = secret.ToArray();
        ConnectionIdKey = connectionIdKey ?? Derive("connection IDs", QuicLbConfiguration.KeyLength);
        LinkKey = Derive("server link", 32);
        ResetKey = Derive("stateless reset", 32);
        RetryKey = Derive("retry", 32);
        TicketKey = Derive("session tickets", 64);
    }

    /// <summary>The configuration ID of connection IDs under this secret.</summary>
    public byte ConfigurationId { get; }

    /// <summary>Encrypts server IDs and nonces.</summary>
    public ReadOnlyMemory<byte> ConnectionIdKey { get; }

    /// <summary>Seals datagrams from server to server.</summary>
    public ReadOnlyMemory<byte> LinkKey { get; }

    /// <summary>Makes stateless reset tokens (RFC 9000, section 10.3.2).</summary>
    public ReadOnlyMemory<byte> ResetKey { get; }

    /// <summary>Makes address validation tokens (RFC 9000, section 8.1).</summary>
    public ReadOnlyMemory<byte> RetryKey { get; }

    /// <summary>Seals TLS session tickets (RFC 8446, section 4.6.1): 64 bytes, from which GnuTLS derives a key for each stretch of time.</summary>
    public ReadOnlyMemory<byte> TicketKey { get; }

    /// <summary>Its configuration ID, never the secret.</summary>
    public override string ToString() => $"pool secret {ConfigurationId}";

    private byte[] Derive(string use, int length) => HKDF.DeriveKey(
        HashAlgorithmName.SHA256, _secret, length, salt: [], info: System.Text.Encoding.ASCII.GetBytes($"quicchat/1 {use}"));
}
