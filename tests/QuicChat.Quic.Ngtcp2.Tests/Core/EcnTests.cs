using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

/// <summary>Explicit Congestion Notification (RFC 9000, section 13.4), in virtual time.</summary>
public sealed class EcnTests(ITestOutputHelper output)
{
    // More are not sent marked until the peer has told that marks arrive.
    private const int Trials = 10;
    private const int Length = 200 * 1024;

    [Fact]
    public void Datagrams_stay_marked_where_the_marks_arrive()
    {
        var (client, server, _) = Transfer((_, ecn) => ecn);
        Assert.All(client, ecn => Assert.Equal(Ecn.Capable0, ecn));
        Assert.All(server, ecn => Assert.Equal(Ecn.Capable0, ecn));
    }

    [Theory]
    [InlineData(Ecn.NotCapable)]
    [InlineData(Ecn.Capable1)]
    public void Marks_that_do_not_arrive_are_not_sent_for_long(object arrivesAs)
    {
        var (client, server, _) = Transfer((_, ecn) => ecn == Ecn.Capable0 ? (Ecn)arrivesAs : ecn);
        Assert.All(client, ecn => Assert.Equal(Ecn.NotCapable, ecn));
        Assert.All(server, ecn => Assert.Equal(Ecn.NotCapable, ecn));
    }

    [Fact]
    public void A_direction_that_loses_marks_leaves_the_other_alone()
    {
        var (client, server, _) = Transfer((toServer, ecn) => toServer ? Ecn.NotCapable : ecn);
        Assert.All(client, ecn => Assert.Equal(Ecn.NotCapable, ecn));
        Assert.All(server, ecn => Assert.Equal(Ecn.Capable0, ecn));
    }

    [Fact]
    public void Congestion_slows_the_sender_down_without_a_loss()
    {
        var (_, _, free) = Transfer((_, ecn) => ecn);
        var count = 0;
        var (client, _, congested) = Transfer((toServer, ecn) => toServer && ecn == Ecn.Capable0 && ++count % 20 == 0 ? Ecn.CongestionExperienced : ecn);
        output.WriteLine($"{Length / 1024} KiB in {free.TotalMilliseconds:0} ms, with congestion in {congested.TotalMilliseconds:0} ms");
        Assert.All(client, ecn => Assert.Equal(Ecn.Capable0, ecn));
        Assert.True(congested > 1.5 * free);
    }

    // What the last datagrams of each end were sent with, once some have gone to find out, and how long the transfer took.
    private static (List<Ecn> Client, List<Ecn> Server, TimeSpan Took) Transfer(Func<bool, Ecn, Ecn> congestion)
    {
        List<Ecn> client = [], server = [];
        using var link = new CoreLink
        {
            Congestion = (toServer, ecn) =>
            {
                (toServer ? client : server).Add(ecn);
                return congestion(toServer, ecn);
            },
        }.Establish();
        var began = link.Now.Elapsed;
        var stream = link.OpenStream();
        CoreLink.Write(stream, new byte[Length]);
        Read(link, () => link.Server!.Accepted.TryPeek(out var accepted) ? CoreLink.Read(accepted).Length : 0);
        var took = link.Now.Elapsed - began;

        // And back, so that both have sent enough.
        CoreLink.Write(link.Server!.Accepted.Peek(), new byte[Length]);
        Read(link, () => CoreLink.Read(stream).Length);
        Assert.Contains(Ecn.Capable0, client.Take(Trials));
        Assert.Contains(Ecn.Capable0, server.Take(Trials));
        Assert.True(client.Count > 100 && server.Count > 100, $"The client sent {client.Count} datagrams, the server {server.Count}.");
        return (client[^50..], server[^50..], took);
    }

    private static void Read(CoreLink link, Func<int> read)
    {
        var received = 0;
        link.RunUntil(() => (received += read()) == Length, "the transfer");
    }
}
