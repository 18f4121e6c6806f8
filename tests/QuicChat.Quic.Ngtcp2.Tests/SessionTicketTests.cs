using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using QuicChat.Quic.Routing;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

/// <summary>Connections that go on with the TLS session of an earlier one (RFC 8446, section 2.2), and those that must not.</summary>
public sealed class SessionTicketTests : IDisposable
{
    private const string Host = "chat.example";

    private readonly TestAuthority _authority = new();
    private readonly ResumptionCache _cache = new();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task A_client_that_comes_back_goes_on_with_its_session_each_time()
    {
        await using var listener = await StartAsync(EchoServer.Certificate);
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(i > 0, await ConnectAsync(listener, Clients.Trust));
        }
    }

    [Fact]
    public async Task It_does_not_where_nothing_is_to_be_kept()
    {
        await using var listener = await StartAsync(EchoServer.Certificate);
        Assert.False(await ConnectAsync(listener, Clients.Trust));
        Assert.False(await ConnectAsync(listener, Clients.Trust, cache: null));
        Assert.True(await ConnectAsync(listener, Clients.Trust));
    }

    [Fact]
    public async Task Another_server_of_the_pool_in_the_same_place_goes_on_with_the_session_and_one_of_another_pool_begins_anew()
    {
        var secret = RandomNumberGenerator.GetBytes(PoolSecret.MinLength);
        var listener = await StartAsync(EchoServer.Certificate, pool: Pool(1, secret));
        var place = (IPEndPoint)listener.EndPoint;
        Assert.False(await ConnectAsync(listener, Clients.Trust));
        await listener.DisposeAsync();
        foreach (var (pool, resumes) in new[]
        {
            (Pool(1, secret), true),
            (Pool(2, secret), true),
            (Pool(2, RandomNumberGenerator.GetBytes(PoolSecret.MinLength)), false),
            (null, false),
            (null, false),
        })
        {
            await using var successor = await StartAsync(EchoServer.Certificate, place, pool);
            Assert.Equal(resumes, await ConnectAsync(successor, Clients.Trust));
        }
    }

    [Fact]
    public async Task After_a_change_of_secrets_a_session_begins_anew_once()
    {
        var pool = Pool(1, RandomNumberGenerator.GetBytes(PoolSecret.MinLength));
        await using var listener = await StartAsync(EchoServer.Certificate, pool: pool);
        Assert.False(await ConnectAsync(listener, Clients.Trust));
        pool.View = pool.View! with { Secrets = [new PoolSecret(4, RandomNumberGenerator.GetBytes(PoolSecret.MinLength)), .. pool.View.Secrets] };
        Assert.False(await ConnectAsync(listener, Clients.Trust));
        Assert.True(await ConnectAsync(listener, Clients.Trust));
    }

    [Fact]
    public async Task A_session_is_of_one_server_and_one_way_to_trust_it()
    {
        using var other = new TestAuthority();
        var certificate = _authority.Issue(Host);
        await using var listener = await StartAsync(certificate);
        await using var elsewhere = await StartAsync(certificate);
        var trusted = new ServerTrust.Authority(_authority.CaFile, Host);
        Assert.False(await ConnectAsync(listener, trusted));
        Assert.False(await ConnectAsync(elsewhere, trusted));
        Assert.False(await ConnectAsync(listener, trusted with { HostName = "127.0.0.1" }));
        Assert.False(await ConnectAsync(listener, new ServerTrust.Pinned(certificate.Sha256)));
        await AssertRefusedAsync(listener, trusted with { HostName = "other.example" }, "not for 'other.example'");
        await AssertRefusedAsync(listener, trusted with { CaFile = other.CaFile }, "not signed");
        await AssertRefusedAsync(listener, new ServerTrust.Pinned(new byte[32]), "not the pinned one");
        Assert.True(await ConnectAsync(listener, trusted));
        Assert.True(await ConnectAsync(elsewhere, trusted));

        // The same file with other authorities in it is another way.
        File.Copy(other.CaFile, _authority.CaFile, overwrite: true);
        await AssertRefusedAsync(listener, trusted, "not signed");
    }

    [Fact]
    public async Task A_session_is_of_one_application_protocol()
    {
        await using var listener = await StartAsync(EchoServer.Certificate);
        Assert.False(await ConnectAsync(listener, Clients.Trust));
        var error = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => TestEngine.Ngtcp2.ConnectAsync(
            listener.Loopback(), new QuicClientOptions { Trust = Clients.Trust, ApplicationProtocol = "other", Resumption = _cache }));
        Assert.Equal(0x178ul, error.Closure.TransportErrorCode);
        Assert.True(await ConnectAsync(listener, Clients.Trust));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_cannot_go_on_with_the_session_is_verified_as_ever(bool pinned)
    {
        var (right, wrong) = (_authority.Issue(Host), _authority.Issue("other.example"));
        ServerTrust trust = pinned ? new ServerTrust.Pinned(right.Sha256) : new ServerTrust.Authority(_authority.CaFile, Host);
        var listener = await StartAsync(right);
        var place = (IPEndPoint)listener.EndPoint;
        Assert.False(await ConnectAsync(listener, trust));
        await listener.DisposeAsync();
        Assert.Equal(1, _cache.Count);

        await using var impostor = await StartAsync(wrong, place);
        await AssertRefusedAsync(impostor, trust, pinned ? "not the pinned one" : "not for");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public async Task A_server_is_verified_anew_when_its_certificate_ends_and_once_a_day(int hours)
    {
        var certificate = _authority.Issue(Host, notAfter: DateTimeOffset.UtcNow.AddHours(hours));
        await using var listener = await StartAsync(certificate);
        var began = DateTimeOffset.UtcNow;
        await ConnectAsync(listener, new ServerTrust.Pinned(certificate.Sha256));
        var key = new ResumptionKey(listener.Loopback().ToString(), QuicDefaults.ApplicationProtocol, $"pinned {certificate.Fingerprint}");
        var ticket = _cache.TakeTicket(key, began)!;
        if (hours < 24)
        {
            Assert.Equal(certificate.NotAfter, ticket.Until);
        }
        else
        {
            Assert.InRange(ticket.Until, began.AddHours(24), DateTimeOffset.UtcNow.AddHours(24));
        }

        // However often the session is gone on with in between.
        _cache.KeepTicket(key, ticket);
        Assert.True(await ConnectAsync(listener, new ServerTrust.Pinned(certificate.Sha256)));
        Assert.Equal(ticket.Until, _cache.TakeTicket(key, began)!.Until);
    }

    // Connects, waits for what the server gives for the next connection, and tells whether both ends go on with an earlier session.
    private Task<bool> ConnectAsync(IMultiplexedConnectionListener listener, ServerTrust trust) => ConnectAsync(listener, trust, _cache);

    private static async Task<bool> ConnectAsync(IMultiplexedConnectionListener listener, ServerTrust trust, ResumptionCache? cache)
    {
        var accepting = listener.AcceptAsync().AsTask();
        await using var client = await TestEngine.Ngtcp2.ConnectAsync(listener.Loopback(), new QuicClientOptions { Trust = trust, Resumption = cache });
        await using var server = await accepting.Within("the connection to be accepted");
        await using var stream = await client.OpenStreamAsync();
        await stream.Transport.Output.WriteAsync(new byte[1]);
        await using var accepted = await server!.AcceptAsync().AsTask().Within("the stream");
        await accepted!.Transport.Output.WriteAsync(new byte[1]);
        await stream.ReadExactlyAsync(1);
        Assert.Equal(server.Core().IsResumed, client.Core().IsResumed);
        return client.Core().IsResumed;
    }

    private async Task AssertRefusedAsync(IMultiplexedConnectionListener listener, ServerTrust trust, string told)
    {
        var error = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => TestEngine.Ngtcp2.ConnectAsync(
            listener.Loopback(), new QuicClientOptions { Trust = trust, Resumption = _cache }));
        Assert.Contains(told, error.Message, StringComparison.Ordinal);
    }

    private static ServerPool Pool(uint serverId, byte[] secret)
        => new(new IPEndPoint(IPAddress.Loopback, 0)) { View = new PoolView(serverId, [new PoolSecret(3, secret)], ImmutableDictionary<uint, IPEndPoint>.Empty) };

    private static Task<IMultiplexedConnectionListener> StartAsync(PemCertificate certificate, IPEndPoint? place = null, ServerPool? pool = null)
        => TestEngine.Ngtcp2.BindAsync(new QuicListenerOptions { Certificate = certificate, Pool = pool }, place);
}
