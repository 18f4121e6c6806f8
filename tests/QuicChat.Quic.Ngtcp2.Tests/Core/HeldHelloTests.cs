using System.Text;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;
using Native = QuicChat.Quic.Ngtcp2.Interop.Ngtcp2;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

/// <summary>A server that chooses the certificate when it knows whom the client wants to speak to.</summary>
public sealed class HeldHelloTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_handshake_waits_for_the_choice_and_then_completes(bool isLarge)
    {
        using var credentials = CredentialsHandle.ForServer(EchoServer.Certificate);
        using var link = new CoreLink(server: Asking);
        if (isLarge)
        {
            link.Client.Core.EnlargeClientHello();
        }

        // For so long that the client has sent its first flight again.
        link.RunUntil(() => link.Server is { Greetings.Count: > 0 }, "the greeting");
        link.RunFor(TimeSpan.FromSeconds(3));
        Assert.False(link.Client.Completed);
        Assert.Single(link.Server!.Greetings);

        link.Server.Core.Continue(credentials);

        link.RunUntil(() => link.Client.Completed && link.Server.Completed, "the handshake");
        CoreLink.Write(link.OpenStream(), "hello"u8);
        link.RunUntil(() => link.Server.Accepted.Count > 0, "the stream");
        link.RunUntil(() => CoreLink.Read(link.Server.Accepted.Peek()).SequenceEqual("hello"u8.ToArray()), "the bytes");
    }

    [Fact]
    public void A_client_names_the_host()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, EchoServer.Certificate.CertificatePem);
        using var link = new CoreLink(
            CoreLink.NewClientSettings() with { Credentials = CredentialsHandle.ForClient(file), Trust = new ServerTrust.Authority(file, "chat.example") }, Asking);
        File.Delete(file);

        link.RunUntil(() => link.Server is { Greetings.Count: > 0 }, "the greeting");

        Assert.Equal("chat.example", Assert.Single(link.Server!.Greetings));
    }

    [Fact]
    public void Where_there_is_no_certificate_the_client_hears_why()
    {
        using var link = new CoreLink(server: Asking);
        link.RunUntil(() => link.Server is { Greetings.Count: > 0 }, "the greeting");

        link.Server!.Core.Decline("not here");

        link.RunUntil(() => link.Client.Closure is not null, "the close");
        Assert.Equal(new ConnectionClosure(ConnectionCloseOrigin.Peer, null, 0x150, "not here"), link.Client.Closure);
        link.RunUntil(() => link.Server.Core.IsClosed, "the server to forget the connection");
        Assert.Equal(0, link.ServerIds);
    }

    [Fact]
    public void A_choice_that_never_comes_ends_by_the_handshakes_time_out()
    {
        using var link = new CoreLink(server: Asking);
        link.RunUntil(() => link.Server is { Greetings.Count: > 0 }, "the greeting");

        link.RunUntil(() => link.Server!.Core.IsClosed, "the time-out", TimeSpan.FromSeconds(11));

        Assert.Equal(ConnectionCloseOrigin.HandshakeTimeout, link.Server!.Closure!.Origin);
        Assert.Equal(0, link.ServerIds);
    }

    [Fact]
    public void A_choice_that_comes_too_late_changes_nothing()
    {
        using var credentials = CredentialsHandle.ForServer(EchoServer.Certificate);
        using var link = new CoreLink(server: Asking);
        link.RunUntil(() => link.Server is { Greetings.Count: > 0 }, "the greeting");
        link.RunUntil(() => link.Server!.Core.IsClosed, "the time-out", TimeSpan.FromSeconds(11));

        link.Server!.Core.Continue(credentials);
        link.Server.Core.Decline("not here");
        link.RunFor(TimeSpan.FromSeconds(1));

        Assert.Null(link.Server.Fault);
    }

    [Fact]
    public void A_hello_that_has_no_end_is_not_kept()
    {
        using var link = new CoreLink(server: Asking);
        var sent = false;
        link.BeforeTurn = end =>
        {
            if (end == link.Client && !sent)
            {
                // After its own, which nobody has answered yet, a message that says it is 60,000 bytes long.
                sent = true;
                end.Core.SendCrypto(Native.EncryptionLevelInitial, [1, 0, 0xea, 0x60, .. new byte[17_000]]);
            }
        };

        link.RunUntil(() => link.Server?.Closure is not null, "the server to close");

        Assert.Equal("a TLS ClientHello larger than any is taken", link.Server!.Closure!.Reason);
    }

    [Fact]
    public void No_bytes_at_all_make_the_name_of_a_host_fail()
    {
        var random = new Random(Seeds.New());
        var hello = Hello("chat.example");
        Assert.Equal("chat.example", ClientHelloMessage.ReadServerName(hello));
        for (var length = 0; length < hello.Length; length++)
        {
            Assert.False(ClientHelloMessage.IsComplete(hello.AsSpan(0, length)));
            Assert.Contains(ClientHelloMessage.ReadServerName(hello.AsSpan(0, length)), (string[])["", "chat.example"]);
        }

        for (var round = 0; round < 100_000; round++)
        {
            var damaged = hello.ToArray();
            for (var damages = random.Next(1, 5); damages > 0; damages--)
            {
                damaged[random.Next(4, damaged.Length)] = (byte)random.Next(256);
            }

            Assert.True(ClientHelloMessage.ReadServerName(damaged).Length <= 255);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\u00e9.example")]
    [InlineData("a\nb.example")]
    public void What_is_no_name_of_a_host_is_none(string name) => Assert.Equal("", ClientHelloMessage.ReadServerName(Hello(name)));

    private static ConnectionSettings Asking => CoreLink.NewServerSettings() with { Credentials = CredentialsHandle.Empty(), AsksForCredentials = true };

    private static byte[] Hello(string name)
    {
        var host = Encoding.Latin1.GetBytes(name);
        byte[] entry = [0, .. Vector(2, host)];
        byte[] extensions = [0, 43, .. Vector(2, [2, 3, 4]), 0, 0, .. Vector(2, Vector(2, entry)), 0, 10, .. Vector(2, Vector(2, [0, 29]))];
        byte[] body = [3, 3, .. new byte[32], .. Vector(1, []), .. Vector(2, [0x13, 1]), .. Vector(1, [0]), .. Vector(2, extensions)];
        return [1, 0, (byte)(body.Length >> 8), (byte)body.Length, .. body];
    }

    private static byte[] Vector(int lengthBytes, byte[] bytes)
        => lengthBytes == 1 ? [(byte)bytes.Length, .. bytes] : [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
}
