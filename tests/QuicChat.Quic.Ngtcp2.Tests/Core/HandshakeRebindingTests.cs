using System.Net;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using QuicChat.Quic.Paths;
using Xunit;
using Native = QuicChat.Quic.Ngtcp2.Interop.Ngtcp2;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

/// <summary>A client whose address changes before its handshake is over, and an attacker who makes it look like that; round trips take 200 ms of virtual time.</summary>
public sealed class HandshakeRebindingTests(ITestOutputHelper output)
{
    private const int Reply = 200_000;

    private static readonly TimeSpan OneWay = TimeSpan.FromMilliseconds(100);
    private static readonly IPEndPoint Home = new(IPAddress.Loopback, 40000);
    private static readonly IPEndPoint Victim = new(IPAddress.Parse("127.0.9.9"), 9999);

    // The client's first packet arrives after 100 ms, the server's after 200 ms, the client's Finished after 300 ms.
    [Theory]
    [InlineData(50, "127.0.0.1")]
    [InlineData(50, "127.0.0.2")]
    [InlineData(150, "127.0.0.1")]
    [InlineData(150, "127.0.0.2")]
    [InlineData(150, "::1")]
    public void A_client_whose_address_changes_during_the_handshake_connects(int afterMs, string address)
    {
        using var link = new CoreLink { Delay = OneWay };
        var began = link.Now.Elapsed;
        var moved = new IPEndPoint(IPAddress.Parse(address), 41000);
        link.RunFor(TimeSpan.FromMilliseconds(afterMs));
        link.ClientAddress = moved;

        AssertConnects(link, moved);
        output.WriteLine($"connected and answered after {(link.Now.Elapsed - began).TotalMilliseconds} ms");
    }

    [Fact]
    public void A_client_whose_address_changes_before_its_last_packet_arrives_connects()
    {
        using var link = new CoreLink { Delay = OneWay };
        var moved = new IPEndPoint(IPAddress.Parse("127.0.0.2"), 41000);

        // The Finished from the former address is lost.
        link.Wire = (toServer, datagram) => toServer && link.Server is not null && link.ClientAddress.Equals(Home) ? [] : [datagram];
        link.RunUntil(() => link.Client.Completed, "the client's end of the handshake");
        link.RunFor(TimeSpan.FromMilliseconds(50));
        link.ClientAddress = moved;

        AssertConnects(link, moved);
    }

    [Fact]
    public void An_address_that_never_changed_is_validated_by_the_handshake()
    {
        using var link = new CoreLink { Delay = OneWay };
        link.RunUntil(() => link.Server is { Completed: true }, "the handshake");
        Assert.True(link.Server!.Core.IsPathValidated());
    }

    [Fact]
    public void A_first_packet_replayed_from_elsewhere_is_not_answered()
    {
        using var link = new CoreLink { Delay = OneWay };
        byte[]? first = null;
        link.Wire = (toServer, datagram) =>
        {
            first ??= datagram;
            return [datagram];
        };
        link.RunFor(TimeSpan.FromMilliseconds(110));
        for (var i = 0; i < 100; i++)
        {
            link.Deliver(toServer: true, first!, new IPEndPoint(Victim.Address, 1000 + i));
        }

        link.Establish();

        Assert.Equal([Home], link.Ledger.Addresses.Where(address => link.Ledger[address].Sent > 0));
        Assert.Equal(100, link.Rejected.Count(reason => reason == RejectionReason.Undecryptable));
        Assert.True(link.Server!.Core.IsPathValidated());
        Assert.Empty(link.Server.PathEvents);
    }

    [Fact]
    public void A_copy_of_the_first_packet_that_overtakes_it_holds_the_handshake_until_the_clients_next_datagram()
    {
        using var link = new CoreLink { Delay = OneWay };
        byte[]? first = null;
        var (datagrams, heldUntil) = (0, 0L);
        link.Wire = (toServer, datagram) =>
        {
            first ??= datagram;
            if (toServer && ++datagrams == 2)
            {
                heldUntil = (link.Now.Elapsed + OneWay).Ticks;
            }

            return [datagram];
        };
        link.RunFor(TimeSpan.FromMilliseconds(50));
        link.Deliver(toServer: true, first!, Victim);
        var victim = link.Ledger[Victim];
        link.RunUntil(() => heldUntil > 0 && link.Now.Elapsed.Ticks >= heldUntil, "the client's next datagram");
        var sentUntilThen = victim.Sent;
        Assert.True(sentUntilThen > 0, "Nothing was sent to the address of the copy, so nothing was tried.");

        AssertConnects(link, Home);

        Assert.Equal(sentUntilThen, victim.Sent);
        Assert.True(victim.WorstExcess <= 0, $"{victim.Sent} bytes were sent for {victim.Received}.");
    }

    [Fact]
    public void What_comes_from_other_addresses_does_not_raise_what_is_sent_to_a_victim()
    {
        // To ngtcp2 all of it comes from one address.
        using var link = new CoreLink(server: CoreLink.NewServerSettings() with { HandshakeTimeout = TimeSpan.FromMinutes(1) }) { Delay = OneWay };
        byte[]? first = null;
        link.Wire = (toServer, datagram) =>
        {
            var isFirst = first is null;
            first ??= datagram;
            return toServer && !isFirst ? [] : [datagram];
        };
        link.RunFor(TimeSpan.FromMilliseconds(50));
        link.Deliver(toServer: true, first!, Victim);
        for (var i = 0; i < 100; i++)
        {
            link.Deliver(toServer: true, first!, new IPEndPoint(Home.Address, 1000 + i));
        }

        link.RunUntil(() => link.Server is { Closure: not null }, "the handshake's end", TimeSpan.FromMinutes(2));

        var victim = link.Ledger[Victim];
        output.WriteLine($"{victim.Sent} bytes for {victim.Received}");

        // Less than what the server's next packet would take.
        Assert.InRange(victim.WorstExcess, -1200, 0);
    }

    [Fact]
    public void A_handshake_that_a_copy_completes_elsewhere_costs_the_victim_three_times_its_bytes_at_most()
    {
        using var link = new CoreLink { Delay = OneWay };
        var victim = link.Ledger[Victim];
        link.Wire = (toServer, datagram) =>
        {
            if (toServer && link.Client.Completed && link.Server is not { Completed: true })
            {
                link.Deliver(toServer, datagram, Victim);
            }

            return [datagram];
        };
        link.RunUntil(() => link.Server is { Completed: true }, "the handshake");
        Assert.Equal(Victim, link.Server!.Core.CurrentPath.Remote.ToEndPoint());
        Assert.False(link.Server.Core.IsPathValidated());

        var stream = link.OpenStream();
        CoreLink.Write(stream, "go"u8);
        link.RunUntil(() => link.Server.Accepted.Count > 0, "the client's stream", TimeSpan.FromSeconds(5));
        CoreLink.Write(link.Server.Accepted.Peek(), new byte[Reply]);
        var received = 0;
        link.RunUntil(() => (received += CoreLink.Read(stream).Length) == Reply, "the answer", TimeSpan.FromSeconds(10));

        Assert.True(victim.Sent > 0 && victim.WorstExcess <= 0, $"{victim.Sent} bytes were sent for {victim.Received}.");
        Assert.Equal(Home, link.Server.Core.CurrentPath.Remote.ToEndPoint());
        Assert.Null(link.Server.Closure);
    }

    [Fact]
    public void A_client_is_not_denied_its_own_path_where_a_copy_completed_the_handshake_elsewhere()
    {
        using var link = new CoreLink { Delay = OneWay };
        link.Wire = (toServer, datagram) =>
        {
            if (toServer && link.Client.Completed && link.Server is not { Completed: true })
            {
                link.Deliver(toServer, datagram, Victim);
            }

            return [datagram];
        };
        link.RunUntil(() => link.Server is { Completed: true }, "the handshake");
        Assert.Equal(Victim, link.Server!.Core.CurrentPath.Remote.ToEndPoint());
        link.Server.Core.Judge = (_, _) => "no other address than the first";
        CoreLink.Write(link.OpenStream(), "go"u8);
        link.RunUntil(() => link.Server.Core.IsPathValidated() && link.Server.Accepted.Count > 0, "the client's stream", TimeSpan.FromSeconds(5));
        Assert.Equal(Home, link.Server.Core.CurrentPath.Remote.ToEndPoint());

        // From now on it is held to it.
        link.ClientAddress = new IPEndPoint(IPAddress.Parse("127.0.0.2"), 41000);
        CoreLink.Write(link.OpenStream(), "go"u8);
        link.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(Home, link.Server.Core.CurrentPath.Remote.ToEndPoint());
        Assert.Single(link.Server.PathEvents.OfType<PathEvent.Denied>());
    }

    [Fact]
    public void No_proof_of_an_address_is_made_for_one_where_a_copy_completed_the_handshake()
    {
        var (client, server) = (CoreLink.NewClientSettings(), CoreLink.NewServerSettings());
        using var link = new CoreLink(client, server) { Delay = OneWay };
        link.Wire = (toServer, datagram) =>
        {
            if (toServer && link.Client.Completed && link.Server is not { Completed: true })
            {
                link.Deliver(toServer, datagram, Victim);
            }

            return [datagram];
        };
        List<byte[]> tokens = [];
        link.BeforeTurn = _ =>
        {
            if (client.Memory!.Cache.TakeToken(client.Memory.Key) is { } token)
            {
                tokens.Add(token);
            }
        };
        link.RunUntil(() => link.Server is { Completed: true }, "the handshake");
        Assert.Equal(Victim, link.Server!.Core.CurrentPath.Remote.ToEndPoint());
        for (var i = 0; i < 10; i++)
        {
            CoreLink.Write(link.OpenStream(), "go"u8);
            link.RunFor(TimeSpan.FromSeconds(1));
        }

        Assert.NotEmpty(tokens);
        Assert.All(tokens, token => Assert.Equal(
            (AddressProofKind.NewToken, AddressProofKind.None), (Check(server, token, Home, link.Now), Check(server, token, Victim, link.Now))));
    }

    private static unsafe AddressProofKind Check(ConnectionSettings server, byte[] token, IPEndPoint client, Instant now)
    {
        fixed (byte* bytes = token)
        {
            return server.Tokens!.Check(
                new Native.PacketHeader { Token = bytes, TokenLength = (nuint)token.Length }, UdpAddress.From(client), now).Kind;
        }
    }

    // It is answered at its address, with no more than may be sent there, and nobody hears of a migration.
    private static void AssertConnects(CoreLink link, IPEndPoint address)
    {
        var account = link.Ledger[address];
        link.RunUntil(() => link.Server is { Completed: true } && link.Client.Completed, "the handshake", TimeSpan.FromSeconds(5));
        Assert.Equal(address, link.Server!.Core.CurrentPath.Remote.ToEndPoint());
        Assert.False(link.Server.Core.IsPathValidated());

        var stream = link.OpenStream();
        CoreLink.Write(stream, "go"u8);
        link.RunUntil(() => link.Server.Accepted.Count > 0, "the client's stream", TimeSpan.FromSeconds(1));
        CoreLink.Write(link.Server.Accepted.Peek(), new byte[Reply]);
        var excess = long.MinValue;
        link.BeforeTurn = _ => excess = link.Server.Core.IsPathValidated() ? excess : account.WorstExcess;
        link.RunUntil(link.Server.Core.IsPathValidated, "the check of the address", TimeSpan.FromSeconds(2));
        Assert.InRange(excess, -100_000, 0);

        var received = 0;
        link.RunUntil(() => (received += CoreLink.Read(stream).Length) == Reply, "the answer", TimeSpan.FromSeconds(10));
        link.RunFor(TimeSpan.FromSeconds(5));
        Assert.Equal(address, link.Server.Core.CurrentPath.Remote.ToEndPoint());
        Assert.Empty(link.Server.PathEvents);
        Assert.Null(link.Server.Closure);
    }
}
