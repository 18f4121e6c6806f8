using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;
using Native = QuicChat.Quic.Ngtcp2.Interop.Ngtcp2;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

/// <summary>
/// TLS messages that a hostile peer sends when none are due. On some of them libngtcp2 with GnuTLS ends the process, so a test that "passes" is one that is
/// still there to say so.
/// </summary>
public sealed class PostHandshakeTests
{
    // 0x100 and the TLS alert unexpected_message, 10 (RFC 9001, section 4.8).
    private const ulong UnexpectedMessage = 0x10a;

    private const string KeyUpdate = "1800000100";

    // A session ticket of 12 bytes of fields that mean nothing, without extensions: RFC 8446, section 4.6.1.
    private const string Ticket = "04000015" + "00000e10" + "00000000" + "0400000000" + "0004" + "01020304" + "0000";

    [Theory]
    [InlineData(KeyUpdate)]
    [InlineData(Ticket)]
    [InlineData("00")]
    [InlineData("ffffffffffffffff")]
    public void A_server_takes_no_TLS_message_after_the_handshake(string message)
    {
        using var link = new CoreLink().Establish();
        link.Client.Core.SendCrypto(Native.EncryptionLevel1Rtt, Convert.FromHexString(message));
        AssertRefused(link, link.Server!, link.Client);
    }

    [Theory]
    [InlineData(KeyUpdate)]
    [InlineData(Ticket + KeyUpdate)]
    [InlineData("14000000")] // Finished
    [InlineData("0d000000")] // CertificateRequest
    [InlineData("00")]
    public void A_client_takes_nothing_but_session_tickets_after_the_handshake(string message)
    {
        using var link = new CoreLink().Establish();
        link.Server!.Core.SendCrypto(Native.EncryptionLevel1Rtt, Convert.FromHexString(message));
        AssertRefused(link, link.Client, link.Server);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_message_in_pieces_is_seen_as_one(bool againstServer)
    {
        using var link = new CoreLink().Establish();
        var (offender, victim) = againstServer ? (link.Client, link.Server!) : (link.Server!, link.Client);
        foreach (var piece in Convert.FromHexString(againstServer ? KeyUpdate : Ticket + KeyUpdate))
        {
            if (victim.Closure is null)
            {
                offender.Core.SendCrypto(Native.EncryptionLevel1Rtt, [piece]);
                link.RunFor(TimeSpan.FromMilliseconds(100));
            }
        }

        AssertRefused(link, victim, offender);
    }

    [Fact]
    public void A_server_needs_no_TLS_after_the_handshake_not_even_to_change_keys()
    {
        using var link = new CoreLink().Establish();
        Assert.False(link.Server!.Core.HasTlsSession());
        Assert.True(link.Client.Core.HasTlsSession());
        var stream = link.OpenStream();
        for (var round = 0; round < 10; round++)
        {
            // Three probe time-outs after the last change keys may be changed again, and with what is sent next they are made.
            link.RunFor(TimeSpan.FromSeconds(1));
            Send();
            (round % 2 == 0 ? link.Client : link.Server).Core.UpdateKeys(link.Now.Elapsed);
            Send();
        }

        Assert.Null(link.Client.Closure);
        Assert.Null(link.Server.Closure);

        void Send()
        {
            CoreLink.Write(stream, "x"u8);
            link.RunUntil(() => link.Server.Accepted.Count == 1 && CoreLink.Read(link.Server.Accepted.Peek()).Length == 1, "a byte");
            link.RunFor(TimeSpan.FromMilliseconds(100));
        }
    }

    [Fact]
    public void A_client_accepts_a_session_ticket()
    {
        using var link = new CoreLink().Establish();
        link.Server!.Core.SendCrypto(Native.EncryptionLevel1Rtt, Convert.FromHexString(Ticket));
        link.RunFor(TimeSpan.FromSeconds(1));
        Assert.Null(link.Client.Closure);
        Assert.Null(link.Server.Closure);
    }

    [Theory]
    [InlineData("040000051800000100")] // a KeyUpdate as a ticket's body
    [InlineData("04000000")]
    [InlineData("040000ff")] // shorter than it says, so far
    [InlineData("04ffffff" + "0000000000000000")] // a ticket of 16 MiB
    public void A_malformed_ticket_ends_at_most_its_connection(string message)
    {
        using var link = new CoreLink().Establish();
        link.Server!.Core.SendCrypto(Native.EncryptionLevel1Rtt, Convert.FromHexString(message));
        link.RunFor(TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData(Native.EncryptionLevelInitial, KeyUpdate)]
    [InlineData(Native.EncryptionLevelInitial, KeyUpdate + KeyUpdate)]
    [InlineData(Native.EncryptionLevelInitial, Ticket)]
    [InlineData(Native.EncryptionLevelHandshake, KeyUpdate)]
    [InlineData(Native.EncryptionLevelHandshake, KeyUpdate + KeyUpdate)]
    [InlineData(Native.EncryptionLevelHandshake, Ticket)]
    [InlineData(Native.EncryptionLevelHandshake, "18")]
    public void A_message_behind_the_servers_last_of_a_level_is_refused(int level, string message)
    {
        using var link = new CoreLink();
        var sent = false;
        link.BeforeTurn = end =>
        {
            if (end == link.Server && !sent)
            {
                sent = true;
                end.Core.SendCrypto(level, Convert.FromHexString(message));
            }
        };
        link.RunUntil(() => link.Client.Closure is not null, "the client to refuse it");
        Assert.Equal(UnexpectedMessage, link.Client.Closure!.TransportErrorCode);
    }

    [Theory]
    [InlineData(KeyUpdate)]
    [InlineData(KeyUpdate + KeyUpdate)]
    [InlineData(Ticket)]
    [InlineData("18")]
    public void A_message_behind_the_clients_Finished_is_refused(string message)
    {
        using var link = new CoreLink();
        var sent = false;
        link.BeforeTurn = end =>
        {
            if (end == link.Client && !sent && end.Core.HandshakeCompleted())
            {
                sent = true;
                end.Core.SendCrypto(Native.EncryptionLevelHandshake, Convert.FromHexString(message));
            }
        };
        link.RunUntil(() => link.Server is { Closure: not null }, "the server to refuse it");
        Assert.Equal(UnexpectedMessage, link.Server!.Closure!.TransportErrorCode);
        Assert.True(sent);
    }

    [Theory]
    [InlineData(KeyUpdate)]
    [InlineData("01000000")]
    [InlineData("0100002c" + "0303")]
    [InlineData("ff")]
    public void A_message_behind_the_ClientHello_does_no_harm(string message)
    {
        using var link = new CoreLink();
        link.Client.Core.SendCrypto(Native.EncryptionLevelInitial, Convert.FromHexString(message));
        link.RunFor(TimeSpan.FromSeconds(12));
    }

    [Fact]
    public void Random_TLS_messages_at_any_level_and_time_do_no_harm()
    {
        var random = new Random(Seeds.New());
        for (var i = 0; i < 200; i++)
        {
            using var link = new CoreLink();
            var fromServer = random.Next(2) == 0;
            var turn = random.Next(6);
            var level = random.Next(3);
            var message = new byte[random.Next(1, 60)];
            random.NextBytes(message);
            byte[] types = [0, 1, 2, 4, 5, 8, 11, 13, 15, 20, 24, 254];
            message[0] = types[random.Next(types.Length)];
            if (message.Length >= 4 && random.Next(4) > 0)
            {
                message[1] = message[2] = 0;
                message[3] = (byte)(message.Length - 4);
            }

            link.BeforeTurn = end =>
            {
                if (end == (fromServer ? link.Server : link.Client) && turn-- == 0 && !end.Core.IsClosed && end.Closure is null)
                {
                    // ngtcp2 would refuse to send at a level whose keys it has given up.
                    if (level == Native.EncryptionLevel1Rtt || !end.Core.HandshakeCompleted())
                    {
                        end.Core.SendCrypto(level, message);
                    }
                }
            };
            link.RunFor(TimeSpan.FromSeconds(1));

            // What TLS may have kept unread comes up again with the next message.
            if (link.Server is { Closure: null, Completed: true } server)
            {
                server.Core.SendCrypto(Native.EncryptionLevel1Rtt, Convert.FromHexString(Ticket));
                link.RunFor(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    private static void AssertRefused(CoreLink link, CoreLink.End victim, CoreLink.End offender)
    {
        link.RunUntil(() => offender.Closure is not null, "the offender to be told");
        Assert.Equal(ConnectionCloseOrigin.Local, victim.Closure!.Origin);
        Assert.Equal(UnexpectedMessage, victim.Closure.TransportErrorCode);
        Assert.Equal(ConnectionCloseOrigin.Peer, offender.Closure!.Origin);
        Assert.Equal(UnexpectedMessage, offender.Closure.TransportErrorCode);
    }
}
