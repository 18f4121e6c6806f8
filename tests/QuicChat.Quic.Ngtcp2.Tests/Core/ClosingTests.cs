using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

/// <summary>How connections of the core end.</summary>
public sealed class ClosingTests
{
    // RFC 9000, section 20.1.
    private const ulong InternalError = 0x1;

    [Fact]
    public void A_close_is_told_at_once_and_answered_again_while_datagrams_still_arrive()
    {
        using var link = new CoreLink().Establish();
        var lost = true;
        link.Wire = (toServer, datagram) => !toServer && lost ? [] : [datagram];
        link.Server!.Core.RequestClose(8, "kicked");
        link.RunUntil(() => link.Server.Closure is not null, "the server to close");
        Assert.Equal(new ConnectionClosure(ConnectionCloseOrigin.Local, 8, null, "kicked"), link.Server.Closure);
        Assert.False(link.Server.Core.IsClosed);
        lost = false;

        CoreLink.Write(link.OpenStream(), "still there?"u8);
        link.RunUntil(() => link.Client.Closure is not null, "the close to be sent again", TimeSpan.FromSeconds(1));

        Assert.Equal(new ConnectionClosure(ConnectionCloseOrigin.Peer, 8, null, "kicked"), link.Client.Closure);
        link.RunUntil(() => link.Server.Core.IsClosed, "the closing period");
        Assert.Equal(0, link.ServerIds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no words are needed")]
    public void The_peer_gets_the_code_and_the_words_of_a_close(string reason)
    {
        using var link = new CoreLink().Establish();
        link.Client.Core.RequestClose(ApplicationErrorCode.Max, reason);
        link.RunUntil(() => link.Server!.Closure is not null, "the close");
        Assert.Equal(new ConnectionClosure(ConnectionCloseOrigin.Peer, ApplicationErrorCode.Max, null, reason), link.Server!.Closure);
    }

    [Fact]
    public void Words_that_are_too_long_are_cut_between_characters()
    {
        using var link = new CoreLink().Establish();
        link.Client.Core.RequestClose(1, "xx" + string.Concat(Enumerable.Repeat("€", 200)));
        link.RunUntil(() => link.Server!.Closure is not null, "the close");
        Assert.Equal("xx" + string.Concat(Enumerable.Repeat("€", 84)), link.Server!.Closure!.Reason);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    [InlineData(200)]
    public void What_was_flushed_before_a_close_arrives_where_the_path_allows_it(int delay)
    {
        using var link = new CoreLink { Delay = TimeSpan.FromMilliseconds(delay / 2.0) };
        link.Establish();
        var stream = link.OpenStream();
        CoreLink.Write(stream, new byte[30_000]);
        CoreLink.Write(stream, "last words"u8);
        link.Client.Core.RequestClose(1, "bye");

        link.RunUntil(() => link.Server!.Closure is not null, "the close", TimeSpan.FromSeconds(10));

        var received = CoreLink.Read(link.Server!.Accepted.Dequeue());
        Assert.Equal(30_010, received.Length);
        Assert.Equal("last words"u8.ToArray(), received[^10..]);
    }

    [Fact]
    public void A_fault_of_ours_while_the_library_calls_ends_the_connection_and_tells_the_peer_no_details()
    {
        using var link = new CoreLink().Establish();
        var stream = link.OpenStream();
        link.Server!.Core.Occupy(stream.Id);
        CoreLink.Write(stream, "hello"u8);

        link.RunUntil(() => link.Client.Closure is not null, "the close");

        Assert.IsType<ArgumentException>(link.Server.Fault);
        Assert.Equal(new ConnectionClosure(ConnectionCloseOrigin.Local, null, InternalError, "internal error"), link.Server.Closure);
        Assert.Equal(new ConnectionClosure(ConnectionCloseOrigin.Peer, null, InternalError, "internal error"), link.Client.Closure);
    }

    [Fact]
    public void A_closed_connection_answers_a_datagram_once_and_ever_more_seldom()
    {
        using var link = new CoreLink().Establish();
        var datagrams = new List<byte[]>();
        link.Wire = (_, datagram) =>
        {
            datagrams.Add(datagram);
            return [];
        };
        CoreLink.Write(link.OpenStream(), "still there?"u8);
        link.RunFor(TimeSpan.Zero);
        var datagram = Assert.Single(datagrams);
        link.Server!.Core.RequestClose(1, "bye");
        var sent = link.Server.DatagramsSent;

        // The close itself, then an answer to the first, second, fourth, and eighth datagram.
        List<int> answers = [];
        for (var i = 0; i <= 8; i++)
        {
            if (i > 0)
            {
                link.Deliver(toServer: true, datagram);
            }

            link.RunFor(TimeSpan.Zero);
            answers.Add(link.Server.DatagramsSent - sent);
            sent = link.Server.DatagramsSent;
        }

        Assert.NotNull(link.Server.Closure);
        Assert.Equal([1, 1, 1, 0, 1, 0, 0, 0, 1], answers);
    }

    [Fact]
    public void A_close_does_not_wait_long_for_a_path_that_is_dead()
    {
        using var link = new CoreLink().Establish();
        link.Wire = (_, _) => [];
        CoreLink.Write(link.OpenStream(), new byte[200_000]);
        link.Client.Core.RequestClose(1, "bye");

        link.RunUntil(() => link.Client.Closure is not null, "the close", TimeSpan.FromSeconds(1));
        Assert.Equal(ConnectionCloseOrigin.Local, link.Client.Closure!.Origin);
    }

    [Fact]
    public void A_close_does_not_wait_for_a_peer_that_does_not_read()
    {
        using var link = new CoreLink().Establish();
        CoreLink.Write(link.OpenStream(), new byte[500_000]);
        link.RunFor(TimeSpan.FromSeconds(2));
        link.Client.Core.RequestClose(1, "bye");
        var start = link.Now.Elapsed;

        link.RunUntil(() => link.Client.Closure is not null, "the close");
        Assert.Equal(start, link.Now.Elapsed);
    }

    [Fact]
    public void Nothing_is_asked_of_a_core_that_has_ended()
    {
        using var link = new CoreLink().Establish();
        var stream = link.OpenStream();
        link.Client.Core.Abandon(new ConnectionClosure(ConnectionCloseOrigin.Local, null, null, "over"));

        link.Client.Core.RequestClose(1, "again");
        link.Client.Core.Request(() => link.Client.Core.SetKeepAlive(TimeSpan.FromSeconds(1)));
        CoreLink.Write(stream, "too late"u8);
        stream.AbortRead(1, null);
        stream.AbortWrite(1, new InvalidOperationException());
        link.Client.Core.HandleDatagram(new byte[100], link.Client.Core.CurrentPath, link.Now);
        link.Client.Core.HandleExpiry(link.Now);
        link.RunFor(TimeSpan.FromSeconds(1));

        Assert.Null(link.Client.Core.TryOpenStream());
        Assert.Equal("over", link.Client.Closure!.Reason);
        Assert.IsType<QuicConnectionClosedException>(stream.WriteError);
    }
}
