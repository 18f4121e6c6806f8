using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;
using QuicChat.Quic.Paths;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests;

/// <summary>Addresses of both families on one socket, and what cannot be bound or reached.</summary>
public abstract class AddressTests(TestEngine engine) : Conformance(engine)
{
    public sealed class OnNgtcp2() : AddressTests(TestEngine.Ngtcp2);

    public sealed class OnSystem() : AddressTests(TestEngine.System);

    [Theory]
    [InlineData("127.0.0.1", "::")]
    [InlineData("127.0.0.2", "::")]
    [InlineData("::1", "::")]
    [InlineData("::ffff:127.0.0.3", "::")]
    [InlineData("127.0.0.1", "0.0.0.0")]
    [InlineData("127.0.0.4", "0.0.0.0")]
    [InlineData("127.0.0.5", "127.0.0.5")]
    [InlineData("::1", "::1")]
    public async Task Answers_leave_from_the_address_that_was_spoken_to_and_no_address_shows_as_mapped(string to, string listen)
    {
        var address = IPAddress.Parse(to);
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        await using var server = await EchoServer.StartAsync(Engine, address: IPAddress.Parse(listen));
        Assert.Equal(new IPEndPoint(IPAddress.Parse(listen), server.Port), server.Listener.EndPoint);

        // A client takes answers from the address that it speaks to alone.
        await using var connection = await Engine.ConnectAsync(new IPEndPoint(address, server.Port));
        await using var stream = await connection.OpenStreamAsync();
        Assert.Equal("hello", await stream.EchoAsync("hello"));

        var accepted = await server.NextConnectionAsync();
        var path = accepted.Feature<IConnectionPathFeature>().CurrentPath;
        Assert.Equal(new IPEndPoint(plain, server.Port), path.Local);
        Assert.Equal(plain.AddressFamily, path.Remote.AddressFamily);
        Assert.False(path.Remote.Address.IsIPv4MappedToIPv6);
        Assert.Equal(path.Local, accepted.LocalEndPoint);
        Assert.Equal(path.Remote, accepted.RemoteEndPoint);
        Assert.Equal(new IPEndPoint(plain, server.Port), connection.RemoteEndPoint);
        Assert.Equal(((IPEndPoint)connection.LocalEndPoint!).Port, path.Remote.Port);
    }

    [Fact]
    public async Task Clients_of_both_families_share_one_socket()
    {
        await using var server = await EchoServer.StartAsync(Engine);
        foreach (var address in (IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback, IPAddress.Loopback])
        {
            var connection = await Engine.ConnectAsync(new IPEndPoint(address, server.Port));
            var stream = await connection.OpenStreamAsync();
            Assert.Equal("hello", await stream.EchoAsync("hello"));
        }
    }

    [Fact]
    public async Task A_client_can_choose_the_address_and_port_that_it_sends_from()
    {
        await using var server = await EchoServer.StartAsync(Engine);
        IPEndPoint free;
        using (var gone = new RawUdp(IPAddress.Parse("127.0.0.9")))
        {
            free = gone.EndPoint;
        }

        await using var connection = await Engine.ConnectAsync(server.EndPoint, new QuicClientOptions { Trust = Clients.Trust, LocalEndPoint = free });
        var accepted = await server.NextConnectionAsync();
        Assert.Equal(free, accepted.RemoteEndPoint);
        Assert.Equal(free, connection.LocalEndPoint);
    }

    [Fact]
    public async Task A_host_name_is_looked_up()
    {
        await using var server = await EchoServer.StartAsync(Engine);
        await using var connection = (MultiplexedConnectionContext)await QuicEngine.CreateConnectionFactory(Engine.Kind, Clients.Options)
            .ConnectAsync(new DnsEndPoint("localhost", server.Port)).AsTask().Within("the connection");
        Assert.True(IPAddress.IsLoopback(((IPEndPoint)connection.RemoteEndPoint!).Address));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::")]
    [InlineData("0.0.0.0")]
    public async Task A_port_that_is_taken_is_named(string address)
    {
        await using var first = await Engine.BindAsync(endPoint: new IPEndPoint(IPAddress.Parse(address), 0));
        var port = ((IPEndPoint)first.EndPoint).Port;

        var error = await Assert.ThrowsAsync<AddressInUseException>(
            () => Engine.BindAsync(endPoint: new IPEndPoint(IPAddress.Parse(address), port)));

        Assert.Equal($"UDP port {port} is taken on {address}. Stop what listens there, or choose another port.", error.Message);
    }

    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("2001:db8::1")]
    public async Task An_address_that_this_machine_does_not_have_is_named(string address)
    {
        var error = await Assert.ThrowsAsync<SocketException>(() => Engine.BindAsync(endPoint: new IPEndPoint(IPAddress.Parse(address), 0)));
        Assert.Equal(SocketError.AddressNotAvailable, error.SocketErrorCode);
        Assert.Equal($"{address} is not an address of this machine. Listen on one that is, or on [::] for all of them.", error.Message);
    }

    [Fact]
    public async Task A_client_cannot_send_from_an_address_that_this_machine_does_not_have()
    {
        var error = await Assert.ThrowsAsync<SocketException>(() => Engine.ConnectAsync(
            new IPEndPoint(IPAddress.Loopback, 4433),
            new QuicClientOptions { Trust = Clients.Trust, LocalEndPoint = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0) }));
        Assert.Equal(SocketError.AddressNotAvailable, error.SocketErrorCode);
    }

    [Fact]
    public async Task Only_IP_end_points_and_names_are_taken()
    {
        var options = new QuicListenerOptions { Certificate = EchoServer.Certificate };
        await Assert.ThrowsAsync<NotSupportedException>(async () => await QuicEngine.CreateListenerFactory(Engine.Kind, options)
            .BindAsync(new UnixDomainSocketEndPoint("/tmp/x")));
        await Assert.ThrowsAsync<NotSupportedException>(() => QuicEngine.CreateConnectionFactory(Engine.Kind, Clients.Options)
            .ConnectAsync(new UnixDomainSocketEndPoint("/tmp/x")).AsTask());
    }
}
