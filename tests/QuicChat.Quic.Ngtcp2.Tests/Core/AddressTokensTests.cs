using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using QuicChat.Quic.Paths;
using QuicChat.Quic.Routing;
using Xunit;
using Native = QuicChat.Quic.Ngtcp2.Interop.Ngtcp2;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

public sealed class AddressTokensTests
{
    private static readonly Instant Start = new(TimeSpan.FromHours(1), DateTimeOffset.UtcNow);
    private static readonly UdpAddress Client = Address("192.0.2.1", 4000);
    private static readonly byte[] FirstDcid = [1, 2, 3, 4, 5, 6, 7, 8];
    private static readonly byte[] RetryScid = [.. Enumerable.Repeat((byte)9, 17)];

    static AddressTokensTests() => NativeLibraries.EnsureLoaded();

    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("2001:db8::1")]
    public void A_Retry_token_proves_its_clients_address_and_tells_the_first_destination(string address)
    {
        var tokens = new AddressTokens();
        var token = RetryToken(tokens, Address(address, 4000), Start);
        var proof = Check(tokens, token, RetryScid, Address(address, 4000), Start);
        Assert.Equal(AddressProofKind.Retry, proof.Kind);
        Assert.Equal(FirstDcid, proof.OriginalDcid.Bytes);

        // Again too: a client's packet may come twice.
        Assert.Equal(AddressProofKind.Retry, Check(tokens, token, RetryScid, Address(address, 4000), Start).Kind);
    }

    [Fact]
    public void A_Retry_token_is_good_for_its_lifetime()
    {
        var tokens = new AddressTokens();
        var token = RetryToken(tokens, Client, Start);
        Assert.Equal(AddressProofKind.Retry, Check(tokens, token, RetryScid, Client, After(AddressTokens.RetryLifetime - TimeSpan.FromMilliseconds(1))).Kind);
        Assert.Equal(AddressProofKind.Invalid, Check(tokens, token, RetryScid, Client, After(AddressTokens.RetryLifetime)).Kind);
    }

    [Fact]
    public void A_Retry_token_is_good_for_one_end_point_and_connection_ID()
    {
        var tokens = new AddressTokens();
        var token = RetryToken(tokens, Client, Start);
        Assert.Equal(AddressProofKind.Invalid, Check(tokens, token, RetryScid, Address("192.0.2.2", 4000), Start).Kind);
        Assert.Equal(AddressProofKind.Invalid, Check(tokens, token, RetryScid, Address("192.0.2.1", 4001), Start).Kind);
        Assert.Equal(AddressProofKind.Invalid, Check(tokens, token, RetryScid, Address("2001:db8::1", 4000), Start).Kind);
        Assert.Equal(AddressProofKind.Invalid, Check(tokens, token, FirstDcid, Client, Start).Kind);
    }

    [Fact]
    public void Damaged_and_truncated_tokens_prove_nothing()
    {
        var tokens = new AddressTokens();
        var retry = RetryToken(tokens, Client, Start);
        var next = NewToken(tokens, Client, Start);
        foreach (var (token, refused) in new[] { (retry, AddressProofKind.Invalid), (next, AddressProofKind.None) })
        {
            for (var i = 1; i < token.Length; i++)
            {
                Assert.Equal(AddressProofKind.None, Check(tokens, token[..i], RetryScid, Client, Start).Kind);
                Assert.Equal(refused, Check(tokens, [.. token[..i], (byte)(token[i] ^ 1), .. token[(i + 1)..]], RetryScid, Client, Start).Kind);
            }

            Assert.Equal(AddressProofKind.None, Check(tokens, [.. token, 0], RetryScid, Client, Start).Kind);
        }

        // One kind does not pass for the other. What is no Retry's by its length may be another server's for the next connection (RFC 9000, section 8.1.3).
        Assert.Equal(AddressProofKind.None, Check(tokens, [retry[0], .. next[1..]], RetryScid, Client, Start).Kind);
        Assert.Equal(AddressProofKind.None, Check(tokens, [next[0], .. retry[1..]], RetryScid, Client, Start).Kind);
    }

    [Fact]
    public void Random_tokens_prove_nothing()
    {
        var tokens = new AddressTokens();
        var random = new Random(Conformance.Tests.Support.Seeds.New());
        for (var i = 0; i < 10_000; i++)
        {
            var token = new byte[i % 8 < 4 ? Native.MaxRetryTokenLength : random.Next(0, 1200)];
            random.NextBytes(token);
            if (token.Length > 0 && i % 2 == 0)
            {
                token[0] = i % 4 == 0 ? Native.TokenMagicRetry : Native.TokenMagicRegular;
            }

            Assert.Equal(
                token.Length == Native.MaxRetryTokenLength && token[0] == Native.TokenMagicRetry ? AddressProofKind.Invalid : AddressProofKind.None,
                Check(tokens, token, RetryScid, Client, Start).Kind);
        }
    }

    [Fact]
    public void A_token_for_the_next_connection_is_good_for_its_address_and_lifetime()
    {
        var tokens = new AddressTokens();
        var token = NewToken(tokens, Client, Start);
        Assert.Equal(AddressProofKind.NewToken, Check(tokens, token, FirstDcid, Client, After(AddressTokens.NewTokenLifetime - TimeSpan.FromSeconds(1))).Kind);
        Assert.Equal(AddressProofKind.NewToken, Check(tokens, token, FirstDcid, Address("192.0.2.1", 4001), Start).Kind);
        Assert.Equal(AddressProofKind.None, Check(tokens, token, FirstDcid, Client, After(AddressTokens.NewTokenLifetime)).Kind);
        Assert.Equal(AddressProofKind.None, Check(tokens, token, FirstDcid, Address("192.0.2.2", 4000), Start).Kind);
    }

    [Fact]
    public void Servers_of_a_pool_take_each_others_tokens_and_nobody_elses()
    {
        var secret = Secret(1);
        var (one, other, foreign) = (new AddressTokens(Pool(1, secret)), new AddressTokens(Pool(2, secret)), new AddressTokens(Pool(2, Secret(1))));
        var retry = RetryToken(one, Client, Start);
        var next = NewToken(one, Client, Start);
        Assert.Equal(AddressProofKind.Retry, Check(other, retry, RetryScid, Client, Start).Kind);
        Assert.Equal(AddressProofKind.NewToken, Check(other, next, FirstDcid, Client, Start).Kind);
        foreach (var stranger in new[] { foreign, new AddressTokens() })
        {
            Assert.Equal(AddressProofKind.Invalid, Check(stranger, retry, RetryScid, Client, Start).Kind);
            Assert.Equal(AddressProofKind.None, Check(stranger, next, FirstDcid, Client, Start).Kind);
        }
    }

    [Fact]
    public void A_change_of_secrets_costs_no_Retry_whichever_server_hears_of_it_first()
    {
        PoolSecret first = Secret(1), second = Secret(2), third = Secret(3);
        var (earlyPool, latePool) = (Pool(1, second, first), Pool(2, second, first));
        var (early, late) = (new AddressTokens(earlyPool), new AddressTokens(latePool));
        var before = RetryToken(early, Client, Start);
        earlyPool.View = earlyPool.View! with { Secrets = [third, second] };
        Assert.Equal(AddressProofKind.Retry, Check(late, RetryToken(early, Client, Start), RetryScid, Client, Start).Kind);
        Assert.Equal(AddressProofKind.Retry, Check(early, RetryToken(late, Client, Start), RetryScid, Client, Start).Kind);
        Assert.Equal(AddressProofKind.Retry, Check(early, before, RetryScid, Client, Start).Kind);
        latePool.View = latePool.View! with { Secrets = [third, second] };
        Assert.Equal(AddressProofKind.Retry, Check(late, before, RetryScid, Client, Start).Kind);

        // What went out of force is forgotten after a while.
        var old = NewToken(new AddressTokens(Pool(3, first)), Client, Start);
        Assert.Equal(AddressProofKind.NewToken, Check(early, old, FirstDcid, Client, After(TimeSpan.FromSeconds(59))).Kind);
        Assert.Equal(AddressProofKind.None, Check(early, old, FirstDcid, Client, After(TimeSpan.FromSeconds(60))).Kind);
    }

    [Fact]
    public void A_server_whose_pool_is_not_known_makes_no_tokens()
    {
        var tokens = new AddressTokens(new ServerPool(new IPEndPoint(IPAddress.Loopback, 0)));
        Assert.Empty(NewToken(tokens, Client, Start));
        Assert.Equal(0, WriteRetry(tokens, new byte[1200], Client, Start));
        Assert.Equal(AddressProofKind.None, Check(tokens, NewToken(new AddressTokens(), Client, Start), FirstDcid, Client, Start).Kind);
    }

    private static Instant After(TimeSpan time) => new(Start.Elapsed + time, Start.Time + time);

    private static UdpAddress Address(string address, int port) => UdpAddress.From(new IPEndPoint(IPAddress.Parse(address), port));

    private static PoolSecret Secret(byte id) => new(id, RandomNumberGenerator.GetBytes(PoolSecret.MinLength));

    private static ServerPool Pool(uint serverId, params ImmutableArray<PoolSecret> secrets)
        => new(new IPEndPoint(IPAddress.Loopback, 0)) { View = new PoolView(serverId, secrets, ImmutableDictionary<uint, IPEndPoint>.Empty) };

    private static byte[] RetryToken(AddressTokens tokens, UdpAddress client, Instant now)
    {
        var packet = new byte[1200];
        packet = packet[..WriteRetry(tokens, packet, client, now)];
        Assert.True(Datagrams.IsRetry(packet));
        var (_, dcid, scid, rest) = Datagrams.ReadLongHeader(packet);
        Assert.Equal([5], dcid);
        Assert.Equal(RetryScid, scid);

        // The integrity tag follows (RFC 9000, section 17.2.5).
        return rest[..^16];
    }

    private static int WriteRetry(AddressTokens tokens, byte[] packet, UdpAddress client, Instant now)
        => tokens.WriteRetry(
            packet, new Native.PacketHeader { Version = Native.ProtocolVersion1, Dcid = Native.Cid.From(FirstDcid), Scid = Native.Cid.From([5]) }, client, RetryScid, now);

    private static byte[] NewToken(AddressTokens tokens, UdpAddress client, Instant now)
    {
        var token = new byte[Native.MaxRegularTokenLength];
        return token[..tokens.WriteNewToken(token, client, now)];
    }

    private static unsafe AddressProof Check(AddressTokens tokens, byte[] token, byte[] dcid, UdpAddress client, Instant now)
    {
        fixed (byte* bytes = token)
        {
            return tokens.Check(
                new Native.PacketHeader { Version = Native.ProtocolVersion1, Dcid = Native.Cid.From(dcid), Token = bytes, TokenLength = (nuint)token.Length }, client, now);
        }
    }
}
