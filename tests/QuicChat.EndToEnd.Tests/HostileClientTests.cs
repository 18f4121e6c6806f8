using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using QuicChat.Client;
using QuicChat.EndToEnd.Tests.Support;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;
using Xunit;

namespace QuicChat.EndToEnd.Tests;

/// <summary>Clients that break the rules, over real QUIC to a real gateway: each ends with its code, and a neighbour chats on.</summary>
public sealed class HostileClientTests(Stack stack)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public static TheoryData<string, ErrorCode> FirstFrames => new()
    {
        { "bad token", ErrorCode.AuthFailed },
        { "unsigned token", ErrorCode.AuthFailed },
        { "join before hello", ErrorCode.ProtocolViolation },
        { "malformed frame", ErrorCode.ProtocolViolation },
        { "empty frame", ErrorCode.ProtocolViolation },
        { "oversized frame", ErrorCode.FrameTooLarge },
        { "second hello", ErrorCode.ProtocolViolation },
    };

    [Theory]
    [MemberData(nameof(FirstFrames))]
    public async Task A_client_that_breaks_the_rules_ends_with_its_code_and_no_neighbour_with_it(string what, ErrorCode code)
    {
        await using var neighbour = await Neighbour.JoinAsync(stack);
        await using var hostile = await ConnectAsync(QuicDefaults.ApplicationProtocol);
        await using var control = await hostile.ConnectAsync();

        await control.Transport.Output.WriteAsync(await BytesAsync(what));

        var closure = await hostile.Features.Get<IConnectionCloseFeature>()!.Closed.WaitAsync(Limit);
        Assert.Equal((ConnectionCloseOrigin.Peer, (ulong)code), (closure.Origin, closure.ApplicationErrorCode ?? ulong.MaxValue));
        Assert.NotEmpty(closure.Reason);
        await neighbour.ChatAsync();
    }

    [Fact]
    public async Task Another_application_protocol_is_refused_in_the_handshake()
    {
        await using var neighbour = await Neighbour.JoinAsync(stack);
        var refused = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => ConnectAsync("h3"));

        // The TLS alert no_application_protocol (RFC 9001, sections 4.8 and 8.1).
        Assert.Equal(0x100UL + 120, refused.Closure.TransportErrorCode);
        await neighbour.ChatAsync();
    }

    [Fact]
    public async Task Garbage_datagrams_disturb_nobody()
    {
        const int Seed = 4433;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        await using var neighbour = await Neighbour.JoinAsync(stack);
        using var socket = new UdpClient(AddressFamily.InterNetwork);
        for (var i = 0; i < 2_000; i++)
        {
            var datagram = new byte[random.Next(0, 1500)];
            random.NextBytes(datagram);
            if (i % 2 == 0 && datagram.Length > 5)
            {
                // A long header of version 1.
                new byte[] { 0xc0, 0, 0, 0, 1 }.CopyTo(datagram, 0);
            }

            await socket.SendAsync(datagram, stack.Gateway);
            if (i % 500 == 0)
            {
                await neighbour.ChatAsync();
            }
        }

        await neighbour.ChatAsync();
    }

    private async Task<MultiplexedConnectionContext> ConnectAsync(string protocol)
        => await QuicEngine.CreateConnectionFactory(
            QuicEngineKind.Auto,
            new QuicClientOptions { Trust = ServerTrust.Pinned.Parse(stack.Fingerprint), ApplicationProtocol = protocol }).ConnectAsync(stack.Gateway);

    private async Task<byte[]> BytesAsync(string what)
    {
        var hello = new ClientFrame { Hello = new Hello { Token = "not a token", ClientId = "hostile" } };
        switch (what)
        {
            case "bad token":
                return Frame(hello);
            case "unsigned token":
                // {"alg":"none"}.{"sub":"ann","iss":"quicchat-dev","aud":"quicchat","exp":4102444800}.
                hello.Hello.Token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJpc3MiOiJxdWljY2hhdC1kZXYiLCJhdWQiOiJxdWljY2hhdCIsImV4cCI6NDEwMjQ0NDgwMH0.";
                return Frame(hello);
            case "join before hello":
                return Frame(new ClientFrame { Join = new Join { Room = "lobby" } });
            case "malformed frame":
                return [3, 0xff, 0xff, 0xff];
            case "empty frame":
                return [0];
            case "oversized frame":
                return [0x81, 0x80, 0x04, 1, 2, 3];
            case "second hello":
                hello.Hello.Token = await stack.TokenAsync("hostile");
                return [.. Frame(hello), .. Frame(hello)];
            default:
                throw new ArgumentOutOfRangeException(nameof(what), what, "unknown");
        }
    }

    private static byte[] Frame(ClientFrame frame)
    {
        var writer = new System.Buffers.ArrayBufferWriter<byte>();
        FrameWriter.Write(writer, frame);
        return writer.WrittenSpan.ToArray();
    }

    /// <summary>Someone who keeps the rules meanwhile.</summary>
    private sealed class Neighbour : IAsyncDisposable
    {
        private readonly ChatClient _client;
        private readonly ChatRoom _room;
        private readonly IAsyncEnumerator<ChatMessage> _messages;
        private int _sent;

        private Neighbour(ChatClient client, ChatRoom room)
        {
            _client = client;
            _room = room;
            _messages = room.ReadAllAsync().GetAsyncEnumerator();
        }

        public static async Task<Neighbour> JoinAsync(Stack stack)
        {
            var client = await ChatClient.ConnectAsync(new ChatClientOptions
            {
                Servers = [stack.Gateway.ToString()],
                Trust = ServerTrust.Pinned.Parse(stack.Fingerprint),
                Token = await stack.TokenAsync("neighbour"),
            });
            var neighbour = new Neighbour(client, await client.JoinAsync($"room-{Guid.NewGuid():n}"));
            await neighbour.ChatAsync();
            return neighbour;
        }

        public async Task ChatAsync()
        {
            var text = $"message {++_sent}";
            await _room.PublishAsync(text).WaitAsync(Limit);
            Assert.True(await _messages.MoveNextAsync().AsTask().WaitAsync(Limit));
            Assert.Equal(text, _messages.Current.Body);
        }

        public async ValueTask DisposeAsync()
        {
            await _messages.DisposeAsync();
            await _client.DisposeAsync();
        }
    }
}
