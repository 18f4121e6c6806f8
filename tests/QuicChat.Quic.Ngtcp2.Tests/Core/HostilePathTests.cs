using System.Net;
using System.Security.Cryptography;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using QuicChat.Quic.Paths;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

/// <summary>
/// What someone does to a connection's paths who sees its datagrams (RFC 9000, sections 9.3 and 21.5), in virtual time. Each case is tried at the connection's own server,
/// and by way of another of its pool.
/// </summary>
public sealed class HostilePathTests(ITestOutputHelper output)
{
    private const int Addresses = 10_000;

    private static readonly IPEndPoint Home = new(IPAddress.Loopback, 40000);
    private static readonly IPEndPoint Victim = new(IPAddress.Parse("192.0.2.9"), 9999);
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(500);

    [Theory]
    [InlineData(0u)]
    [InlineData(2u)]
    public void Forgeries_with_a_copied_connection_ID_change_nothing(uint ingress)
    {
        using var chat = new Chat();
        var (link, random) = (chat.Link, new Random(Seeds.New()));
        for (var i = 0; i < Addresses; i++)
        {
            var forged = new byte[random.Next(chat.Newest.Length, 1400)];
            random.NextBytes(forged);
            chat.Newest.AsSpan(0, 1 + ConnectionId.Length + 1).CopyTo(forged);
            link.Deliver(toServer: true, forged, From(i), ingress);
            if (i % 1000 == 0)
            {
                chat.Exchange(Soon);
            }
        }

        chat.Exchange(Soon);

        Assert.Equal(Addresses, link.Rejected.Count(reason => reason == RejectionReason.Undecryptable));
        AssertUntouched(link);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(2u)]
    public void What_is_replayed_from_ten_thousand_addresses_changes_nothing(uint ingress)
    {
        using var chat = new Chat();
        var link = chat.Link;
        for (var i = 0; i < Addresses; i++)
        {
            link.Deliver(toServer: true, chat.Newest, From(i), ingress);
            if (i % 1000 == 0)
            {
                link.RunFor(TimeSpan.Zero);
                chat.Exchange(Soon);
            }
        }

        link.RunFor(TimeSpan.Zero);
        chat.Exchange(Soon);

        Assert.Equal(Addresses, link.Rejected.Count(reason => reason == RejectionReason.Replayed));
        AssertUntouched(link);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(2u)]
    public void A_copy_that_overtakes_a_datagram_is_followed_until_the_clients_next_one(uint ingress)
    {
        using var chat = new Chat();
        var link = chat.Link;
        var isCopied = false;
        link.Wire = (toServer, datagram) =>
        {
            if (toServer && !isCopied)
            {
                isCopied = true;
                link.Deliver(toServer, datagram, Victim, ingress);
            }

            return [datagram];
        };

        chat.Exchange(Soon);
        link.RunFor(TimeSpan.FromSeconds(10));

        var victim = link.Ledger[Victim];
        Assert.True(victim.Sent > 0 && victim.WorstExcess <= 0, $"{victim.Sent} bytes were sent for {victim.Received}.");
        Assert.Collection(
            link.Server!.PathEvents,
            e => Assert.Equal((Home, Victim), (Assert.IsType<PathEvent.Detected>(e).From.Remote, ((PathEvent.Detected)e).To.Remote)),
            e => Assert.Equal(Home, Assert.IsType<PathEvent.Reverted>(e).Path.Remote));
        Assert.Equal(Home, link.Server.Core.CurrentPath.Remote.ToEndPoint());
    }

    [Theory]
    [InlineData(0u, 3)]
    [InlineData(0u, 20)]
    [InlineData(2u, 3)]
    public void Copies_from_many_addresses_that_overtake_a_downloads_acknowledgements_cost_none_of_them_more_than_three_times_their_bytes(uint ingress, int every)
    {
        const int Length = 1_000_000;
        using var chat = new Chat();
        var link = chat.Link;
        var (datagrams, copies) = (0, 0);
        link.Wire = (toServer, datagram) =>
        {
            if (toServer && datagrams++ % every == 0)
            {
                link.Deliver(toServer, datagram, From(copies++), ingress);
            }

            return [datagram];
        };
        CoreLink.Write(chat.Server, new byte[Length]);
        var (received, heard, longest, paths) = (0, link.Now.Elapsed, TimeSpan.Zero, 0);
        link.BeforeTurn = _ => paths = Math.Max(paths, link.Server!.Core.KnownPaths());
        link.RunUntil(
            () =>
            {
                var arrived = CoreLink.Read(chat.Client).Length;
                received += arrived;
                longest = link.Now.Elapsed - heard > longest ? link.Now.Elapsed - heard : longest;
                heard = arrived > 0 ? link.Now.Elapsed : heard;
                return received == Length;
            },
            "the download");
        output.WriteLine($"{copies} copies, {link.Server!.PathEvents.Count} events, {paths} paths at most, nothing arrived for {longest.TotalMilliseconds} ms at most");

        for (var i = 0; i < copies; i++)
        {
            var victim = link.Ledger[From(i)];
            Assert.True(victim.WorstExcess <= 0, $"{victim.Sent} bytes were sent to {From(i)} for {victim.Received}.");
        }

        Assert.True(link.Server.PathEvents.Count <= 2 * copies, $"{link.Server.PathEvents.Count} events for {copies} copies.");
        Assert.DoesNotContain(link.Server.PathEvents, e => e is PathEvent.Failed or PathEvent.Validated);
        Assert.InRange(paths, 1, 5);
        Assert.InRange(longest, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.Equal(copies > 4, link.Rejected.Contains(RejectionReason.TooManyPaths));
    }

    [Theory]
    [InlineData(1, int.MaxValue, 5)] // all of the client's datagrams
    [InlineData(1, 30, 5)] // the first ones, and then no attack at all
    [InlineData(1, int.MaxValue, 50)]
    [InlineData(3, int.MaxValue, 5)]
    [InlineData(3, int.MaxValue, 50)]
    [InlineData(20, int.MaxValue, 5)]
    public void A_download_goes_on_while_copies_from_a_few_addresses_overtake_the_client_by_far(int every, int most, int milliseconds)
    {
        const int Length = 3_000_000;
        const int Addresses = 10;
        using var chat = new Chat();
        var link = chat.Link;
        link.Delay = TimeSpan.FromMilliseconds(milliseconds);
        var (datagrams, copies) = (0, 0);
        link.Wire = (toServer, datagram) =>
        {
            if (toServer && datagrams++ % every == 0 && copies < most)
            {
                link.Deliver(toServer, datagram, From(copies++ % Addresses));
            }

            return [datagram];
        };
        CoreLink.Write(chat.Server, new byte[Length]);
        var already = link.Server!.DatagramsSent;
        var (before, heard, longest) = (0, link.Now.Elapsed, TimeSpan.Zero);
        link.RunUntil(
            () =>
            {
                var received = chat.Drain();
                longest = link.Now.Elapsed - heard > longest ? link.Now.Elapsed - heard : longest;
                heard = received > before ? link.Now.Elapsed : heard;
                before = received;
                return received >= Length;
            },
            "the download",
            TimeSpan.FromMinutes(2));
        var sent = link.Server!.DatagramsSent - already;
        output.WriteLine($"{copies} copies, {sent} datagrams for {Length} bytes; nothing arrived for {longest.TotalMilliseconds} ms at most");

        for (var i = 0; i < Addresses; i++)
        {
            var victim = link.Ledger[From(i)];
            Assert.True(victim.WorstExcess <= 0, $"{victim.Sent} bytes were sent to {From(i)} for {victim.Received}.");
        }

        // What is there at each instant is one flight; the next one needs a round trip, and what was lost a few. And it is not sent in crumbs, as three times an
        // acknowledgement's bytes would have it.
        Assert.InRange(longest, TimeSpan.Zero, link.Delay * 10);
        Assert.InRange(sent, 0, 2 * Length / 1200);
        Assert.DoesNotContain(link.Server!.PathEvents, e => e is PathEvent.Failed or PathEvent.Validated);
        link.Wire = null;
        chat.Exchange(TimeSpan.FromSeconds(5));
        link.RunFor(TimeSpan.FromSeconds(10));
        Assert.Equal(Home, link.Server!.Core.CurrentPath.Remote.ToEndPoint());
    }

    [Fact]
    public void An_attacker_who_overtakes_everything_for_a_while_does_not_end_the_connection()
    {
        using var chat = new Chat();
        var link = chat.Link;
        link.Wire = (toServer, datagram) =>
        {
            if (toServer)
            {
                link.Deliver(toServer, datagram, Victim);
            }

            return [datagram];
        };
        for (var i = 0; i < 200; i++)
        {
            CoreLink.Write(chat.Client, new byte[100]);
            CoreLink.Write(chat.Server, new byte[1000]);
            link.RunFor(TimeSpan.FromMilliseconds(50));
        }

        var victim = link.Ledger[Victim];
        var heard = chat.Drain();
        output.WriteLine($"{victim.Sent} bytes for {victim.Received}; the client has got {heard} of {200 * 1000}");
        Assert.True(heard > 0, "The client heard nothing while the attack went on.");
        Assert.True(victim.Sent > 0 && victim.WorstExcess <= 0, $"{victim.Sent} bytes were sent for {victim.Received}.");

        link.Wire = null;
        link.RunUntil(() => chat.Drain() == 200_000, "all that was sent meanwhile", TimeSpan.FromSeconds(10));
        link.RunFor(TimeSpan.FromMinutes(1));
        Assert.DoesNotContain(link.Server!.PathEvents, e => e is PathEvent.Failed or PathEvent.Validated);
        Assert.Equal(Home, link.Server.Core.CurrentPath.Remote.ToEndPoint());
    }

    [Fact]
    public void A_server_that_may_send_nothing_more_to_an_overtaking_copys_address_goes_back_by_itself()
    {
        using var chat = new Chat();
        var link = chat.Link;

        // Every other acknowledgement has a PING with it; the second has none.
        for (var i = 0; i < 2; i++)
        {
            link.RunFor(Soon);
            CoreLink.Write(chat.Server, [3]);
        }

        // An acknowledgement, after which the client has nothing to say; and the one datagram that the client would have said something to is lost.
        var (isCopied, isLost, isBack, hasSpoken, to) = (false, false, false, false, Home);
        link.Sent = (toServer, client, _) =>
        {
            isBack |= isLost && !toServer && client.Equals(Home);
            hasSpoken |= isCopied && toServer && !isBack;
            to = client;
        };
        link.Wire = (toServer, datagram) =>
        {
            if (toServer && !isCopied)
            {
                isCopied = true;
                link.Deliver(toServer, datagram, Victim);
            }

            var loses = isCopied && !toServer && !isLost && to.Equals(Home);
            isLost |= loses;
            return loses ? [] : [datagram];
        };
        link.RunUntil(() => link.Server!.PathEvents.Count > 0, "the copy");
        CoreLink.Write(chat.Server, new byte[5000]);
        link.RunUntil(() => chat.Drain() == 5002, "what was sent after the copy", TimeSpan.FromSeconds(5));

        Assert.True(isLost && !hasSpoken, $"The server's datagram was lost: {isLost}; the client spoke by itself: {hasSpoken}.");
        var victim = link.Ledger[Victim];
        Assert.True(victim.Sent > 0 && victim.WorstExcess <= 0, $"{victim.Sent} bytes were sent for {victim.Received}.");
        Assert.Equal(Home, link.Server!.Core.CurrentPath.Remote.ToEndPoint());
    }

    [Fact]
    public void A_close_reaches_the_client_and_costs_the_victim_three_times_its_bytes_at_most_whatever_follows()
    {
        using var chat = new Chat();
        var link = chat.Link;
        link.Wire = (toServer, datagram) =>
        {
            if (toServer)
            {
                link.Deliver(toServer, datagram, Victim);
            }

            return [datagram];
        };
        CoreLink.Write(chat.Client, [1]);
        link.RunUntil(() => link.Server!.PathEvents.Count > 0, "the copy");
        link.Server!.Core.RequestClose(7, "over");
        link.RunUntil(() => link.Client.Closure is not null, "the close", Soon);
        Assert.Equal(7UL, link.Client.Closure!.ApplicationErrorCode);

        for (var i = 0; i < Addresses; i++)
        {
            link.Deliver(toServer: true, chat.Newest, From(i));
            link.RunFor(TimeSpan.Zero);
        }

        var victim = link.Ledger[Victim];
        Assert.True(victim.Sent > 0 && victim.WorstExcess <= 0, $"{victim.Sent} bytes were sent for {victim.Received}.");
    }

    [Fact]
    public void A_flood_of_challenges_is_answered_with_a_few_responses_a_datagram()
    {
        using var chat = new Chat();
        var link = chat.Link;
        link.Client.Core.MultiplyChallenges();
        var (challenging, answers, answered) = (0, 0, 0L);
        link.Sent = (toServer, client, datagram) =>
        {
            if (client.Port == Home.Port)
            {
                return;
            }

            challenging += toServer ? 1 : 0;
            answers += toServer ? 0 : 1;
            answered += toServer ? 0 : datagram.Length;
        };

        // What the server answers is lost, so its address is never validated by the server's own challenge.
        link.Wire = (toServer, datagram) => toServer || datagram.Length < 1000 ? [datagram] : [];
        for (var i = 0; i < 20; i++)
        {
            link.Move(new IPEndPoint(IPAddress.Loopback, 50_000 + i), _ => { });
            link.RunFor(TimeSpan.FromSeconds(1));
        }

        output.WriteLine($"{challenging} datagrams of 130 challenges each; {answers} answers of {answered} bytes together");
        Assert.True(challenging > 20 && answers > 0);
        Assert.InRange(answers, 1, 4 * challenging);
        foreach (var address in link.Ledger.Addresses.Where(address => address.Port != Home.Port))
        {
            var account = link.Ledger[address];
            Assert.True(account.WorstExcess <= 0, $"{account.Sent} bytes were sent to {address} for {account.Received}.");
        }

        link.Wire = null;
        chat.Exchange(TimeSpan.FromSeconds(5));
        Assert.Null(link.Server!.Closure);
        Assert.InRange(link.Server.Core.KnownPaths(), 1, 5);
    }

    [Fact]
    public void A_client_that_moves_is_not_linked_by_its_connection_IDs()
    {
        using var chat = new Chat();
        var link = chat.Link;
        Dictionary<(bool ToServer, string Id), HashSet<IPEndPoint>> seen = [];
        link.Sent = (toServer, client, datagram) =>
        {
            Assert.Equal(0, datagram[0] & 0x80);
            var id = Convert.ToHexString(datagram.AsSpan(1, toServer ? ServerIdLength : ClientIdLength));
            (seen.TryGetValue((toServer, id), out var at) ? at : seen[(toServer, id)] = []).Add(client);
        };
        chat.Exchange(Soon);
        for (var i = 0; i < 10; i++)
        {
            var isOver = false;
            link.Move(new IPEndPoint(IPAddress.Parse($"127.0.0.{2 + (i % 3)}"), 50_000 + i), _ => isOver = true);
            link.RunUntil(() => isOver, "the move");
            chat.Exchange(Soon);
            link.RunFor(TimeSpan.FromSeconds(1));
        }

        Assert.True(seen.Count >= 22, $"Only {seen.Count} connection IDs were used on 11 paths.");
        Assert.All(seen, used => Assert.True(
            used.Value.Count == 1, $"An ID {(used.Key.ToServer ? "to the server" : "to the client")} was seen with {string.Join(" and ", used.Value)}."));
    }

    [Fact]
    public void A_reset_ends_a_connection_only_with_its_own_token()
    {
        using var chat = new Chat();
        using var other = new Chat();
        var link = chat.Link;
        var own = link.Server!.Core.ResetToken(chat.Newest.AsSpan(1, ServerIdLength));
        var foreign = other.Link.Server!.Core.ResetToken(other.Newest.AsSpan(1, ServerIdLength));
        for (var i = 0; i < 1000; i++)
        {
            Reset(RandomNumberGenerator.GetBytes(16));
            Reset(foreign);
            Reset(own.AsSpan(0, i % 16));
            Reset([.. own, 0]);
        }

        chat.Exchange(Soon);
        Assert.Null(link.Client.Closure);

        Reset(own);
        link.RunFor(TimeSpan.Zero);
        Assert.Equal(ConnectionCloseOrigin.StatelessReset, link.Client.Closure?.Origin);

        void Reset(ReadOnlySpan<byte> token)
        {
            byte[] packet = [.. RandomNumberGenerator.GetBytes(30), .. token];
            packet[0] = (byte)((packet[0] & 0x3f) | 0x40);
            link.Deliver(toServer: false, packet);
        }
    }

    private const int ServerIdLength = ConnectionId.Length + 1;
    private static readonly int ClientIdLength = new ClientConnectionIds().Length;

    private static IPEndPoint From(int number) => new(new IPAddress([198, 18, (byte)(number >> 8), (byte)number]), 1000 + (number % 50_000));

    private static void AssertUntouched(CoreLink link)
    {
        Assert.Equal([Home], link.Ledger.Addresses.Where(address => link.Ledger[address].Sent > 0));
        Assert.Empty(link.Server!.PathEvents);
        Assert.Equal(1, link.Server.Core.KnownPaths());
        Assert.Equal(Home, link.Server.Core.CurrentPath.Remote.ToEndPoint());
        Assert.Null(link.Server.Closure);
    }

    /// <summary>A connection with one stream, and the client's newest datagram.</summary>
    private sealed class Chat : IDisposable
    {
        private int _received;

        public Chat()
        {
            Link = new CoreLink().Establish();
            Client = Link.OpenStream();
            CoreLink.Write(Client, [0]);
            Link.Sent = (toServer, _, datagram) => Newest = toServer ? datagram : Newest;
            Link.RunUntil(() => Link.Server!.Accepted.Count > 0, "the stream");
            Server = Link.Server!.Accepted.Dequeue();
            CoreLink.Read(Server);
            Exchange(Soon);
        }

        public CoreLink Link { get; }

        public StreamCore Client { get; }

        public StreamCore Server { get; }

        public byte[] Newest { get; private set; } = [];

        /// <summary>A byte to the server, and one back.</summary>
        public void Exchange(TimeSpan limit)
        {
            CoreLink.Write(Client, [1]);
            Link.RunUntil(() => CoreLink.Read(Server).Length > 0, "a byte to the server", limit);
            CoreLink.Write(Server, [2]);
            Link.RunUntil(() => CoreLink.Read(Client).Length > 0, "a byte to the client", limit);
        }

        /// <summary>Reads what is there.</summary>
        /// <returns>The bytes that the client has got this way.</returns>
        public int Drain()
        {
            CoreLink.Read(Server);
            return _received += CoreLink.Read(Client).Length;
        }

        public void Dispose() => Link.Dispose();
    }
}
