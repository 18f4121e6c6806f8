using System.Collections.Immutable;

namespace QuicChat.Abstractions.Sessions;

/// <summary>A key of session tokens.</summary>
/// <param name="Id">Names it in tokens; random, so that no two clusters or lives of a store have the same.</param>
/// <param name="Secret">32 random bytes, for AES-256-GCM.</param>
[GenerateSerializer, Immutable, Alias("quicchat.session-keys.key")]
public sealed record SessionKey([property: Id(0)] ulong Id, [property: Id(1)] ImmutableArray<byte> Secret)
{
    /// <summary>Bytes of a secret.</summary>
    public const int SecretLength = 32;

    /// <summary>Its ID, never the key.</summary>
    public override string ToString() => $"session key {Id:x16}";
}
