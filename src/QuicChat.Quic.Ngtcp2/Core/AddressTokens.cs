using System.Collections.Immutable;
using System.Security.Cryptography;
using QuicChat.Quic.Paths;
using QuicChat.Quic.Routing;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>
/// Makes and checks the tokens by which a server knows, without having kept anything, that a client is where its datagrams say (RFC 9000, section 8.1). Servers of a
/// pool take each other's. A token is good until it is too old, however often it comes: for its own client alone, whose address it names.
/// </summary>
internal sealed unsafe class AddressTokens
{
    /// <summary>10 s: within it the client's next packet comes or the handshake has timed out.</summary>
    public static readonly TimeSpan RetryLifetime = TimeSpan.FromSeconds(10);

    /// <summary>24 h: as long as a session token, by which a client comes back to its session.</summary>
    public static readonly TimeSpan NewTokenLifetime = TimeSpan.FromHours(24);

    // Servers of a pool learn of a change of secrets within seconds of each other.
    private static readonly TimeSpan FormerSecretLifetime = TimeSpan.FromMinutes(1);

    private const int SecretLength = 32;

    private readonly ServerPool? _pool;
    private readonly ReadOnlyMemory<byte> _ownKey = RandomNumberGenerator.GetBytes(SecretLength);
    private ImmutableArray<PoolSecret> _secrets = [];
    private ImmutableArray<(PoolSecret Secret, TimeSpan Until)> _formerSecrets = [];

    /// <param name="pool">The pool whose secrets the keys derive from; without one the key is random.</param>
    public AddressTokens(ServerPool? pool = null) => _pool = pool;

    /// <summary>Writes a Retry packet that answers a client's first packet.</summary>
    /// <param name="packet">Where to.</param>
    /// <param name="initial">The header of the client's packet.</param>
    /// <param name="client">Where that came from.</param>
    /// <param name="scid">The connection ID that the client is to send to next.</param>
    /// <param name="now">The time.</param>
    /// <returns>The packet's length; 0, it cannot be made.</returns>
    public int WriteRetry(Span<byte> packet, in Interop.Ngtcp2.PacketHeader initial, UdpAddress client, ReadOnlySpan<byte> scid, Instant now)
    {
        Refresh(now);
        var (clientId, originalDcid, retryScid) = (initial.Scid, initial.Dcid, Interop.Ngtcp2.Cid.From(scid));
        var address = client.ToNative();
        var token = stackalloc byte[Interop.Ngtcp2.MaxRetryTokenLength];

        // The oldest: a new one may not have come to all servers yet.
        var key = _pool is null ? _ownKey.Span : _secrets is [.., var oldest] ? oldest.RetryKey.Span : default;
        if (key.IsEmpty)
        {
            return 0;
        }

        fixed (byte* secret = key)
        fixed (byte* destination = packet)
        {
            var length = Interop.Ngtcp2.GenerateRetryToken(
                token, secret, (nuint)key.Length, initial.Version, &address, client.NativeLength, &retryScid, &originalDcid, Nanoseconds(now));
            return length <= 0 ? 0 : (int)Math.Max(0, Interop.Ngtcp2.WriteRetry(
                destination, (nuint)packet.Length, initial.Version, &clientId, &retryScid, &originalDcid, token, (nuint)length));
        }
    }

    /// <summary>Makes a token for the next connection of a client at an address, whatever its port.</summary>
    /// <param name="token">Where to; at least <see cref="Interop.Ngtcp2.MaxRegularTokenLength"/> bytes.</param>
    /// <param name="client">Where the client is.</param>
    /// <param name="now">The time.</param>
    /// <returns>The token's length; 0, it cannot be made.</returns>
    public int WriteNewToken(Span<byte> token, UdpAddress client, Instant now)
    {
        Refresh(now);
        ArgumentOutOfRangeException.ThrowIfLessThan(token.Length, Interop.Ngtcp2.MaxRegularTokenLength, nameof(token));
        var address = client.ToNative();

        // The newest, which is in force for longest. A server that does not know it yet takes the token for none.
        var key = _pool is null ? _ownKey.Span : _secrets is [var newest, ..] ? newest.RetryKey.Span : default;
        if (key.IsEmpty)
        {
            return 0;
        }

        fixed (byte* secret = key)
        fixed (byte* destination = token)
        {
            return (int)Math.Max(0, Interop.Ngtcp2.GenerateRegularToken(
                destination, secret, (nuint)key.Length, &address, client.NativeLength, Nanoseconds(now)));
        }
    }

    /// <summary>What a client's first packet proves.</summary>
    /// <param name="initial">Its header, whose token is still there to be read.</param>
    /// <param name="client">Where it came from.</param>
    /// <param name="now">The time.</param>
    public AddressProof Check(in Interop.Ngtcp2.PacketHeader initial, UdpAddress client, Instant now)
    {
        if (initial.TokenLength == 0)
        {
            return default;
        }

        // All tokens of a server tell by their first byte, and those of a Retry by their length, what they are (RFC 9000, section 8.1.1). One of neither kind may be
        // another server's of the same name.
        Refresh(now);
        switch (initial.Token[0])
        {
            case Interop.Ngtcp2.TokenMagicRetry when initial.TokenLength == Interop.Ngtcp2.MaxRetryTokenLength:
                return CheckRetry(initial, client, now);
            case Interop.Ngtcp2.TokenMagicRegular:
                return new AddressProof(IsGoodNewToken(initial, client, now) ? AddressProofKind.NewToken : AddressProofKind.None);
            default:
                return default;
        }
    }

    private AddressProof CheckRetry(in Interop.Ngtcp2.PacketHeader initial, UdpAddress client, Instant now)
    {
        var dcid = initial.Dcid;
        var address = client.ToNative();
        foreach (var key in Keys())
        {
            Interop.Ngtcp2.Cid originalDcid;
            fixed (byte* secret = key.Span)
            {
                if (Interop.Ngtcp2.VerifyRetryToken(
                        &originalDcid, initial.Token, initial.TokenLength, secret, (nuint)key.Length, initial.Version, &address, client.NativeLength, &dcid,
                        (ulong)RetryLifetime.Ticks * 100, Nanoseconds(now)) == 0)
                {
                    return new AddressProof(AddressProofKind.Retry, originalDcid);
                }
            }
        }

        return new AddressProof(AddressProofKind.Invalid);
    }

    private bool IsGoodNewToken(in Interop.Ngtcp2.PacketHeader initial, UdpAddress client, Instant now)
    {
        var address = client.ToNative();
        foreach (var key in Keys())
        {
            fixed (byte* secret = key.Span)
            {
                if (Interop.Ngtcp2.VerifyRegularToken(
                        initial.Token, initial.TokenLength, secret, (nuint)key.Length, &address, client.NativeLength, (ulong)NewTokenLifetime.Ticks * 100,
                        Nanoseconds(now)) == 0)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private IEnumerable<ReadOnlyMemory<byte>> Keys()
        => _pool is null ? [_ownKey] : _secrets.Select(secret => secret.RetryKey).Concat(_formerSecrets.Select(former => former.Secret.RetryKey));

    // Where a new secret takes the place of the oldest, a server that has not heard of it yet still makes tokens with that one.
    private void Refresh(Instant now)
    {
        _formerSecrets = _formerSecrets.RemoveAll(former => former.Until <= now.Elapsed);
        if (_pool?.View is not { } view || view.Secrets == _secrets)
        {
            return;
        }

        _formerSecrets =
        [
            .. _formerSecrets.Where(former => !view.Secrets.Contains(former.Secret)),
            .. _secrets.Except(view.Secrets).Select(gone => (gone, now.Elapsed + FormerSecretLifetime)),
        ];
        _secrets = view.Secrets;
    }

    // Servers of a pool share no other clock.
    private static ulong Nanoseconds(Instant now) => (ulong)(now.Time - DateTimeOffset.UnixEpoch).Ticks * 100;
}
