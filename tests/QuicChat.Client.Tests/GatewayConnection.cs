using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Client.Tests.InMemory;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;

namespace QuicChat.Client.Tests;

/// <summary>A client's connection as the scripted gateway sees it.</summary>
/// <param name="server">The gateway's side.</param>
/// <param name="client">The client's own side, where that is in memory too.</param>
internal sealed class GatewayConnection(MultiplexedConnectionContext server, InMemoryConnection? client = null)
{
    /// <summary>The client's own side.</summary>
    public InMemoryConnection Client => client ?? throw new InvalidOperationException("The client's side is not in memory.");

    /// <summary>The gateway's side: closes it, and knows how it ended.</summary>
    public IConnectionCloseFeature Server => server.Features.GetRequiredFeature<IConnectionCloseFeature>();

    /// <summary>The control stream, once accepted.</summary>
    public GatewayStream Control { get; private set; } = null!;

    public async Task<GatewayStream> AcceptStreamAsync()
        => new(await server.AcceptAsync().AsTask().For("a stream of the client") ?? throw new InvalidOperationException("The connection has ended."));

    /// <summary>The client's next stream, however long it takes; <see langword="null"/> at the connection's end.</summary>
    public async Task<GatewayStream?> TryAcceptStreamAsync() => await server.AcceptAsync() is { } stream ? new GatewayStream(stream) : null;

    /// <summary>Accepts the control stream and reads Hello.</summary>
    public async Task<Hello> AcceptHelloAsync()
    {
        Control = await AcceptStreamAsync();
        return (await Control.ReadAsync()).Hello;
    }

    /// <summary>Accepts a room's stream, and answers its Join.</summary>
    public async Task<GatewayStream> AcceptRoomAsync(Joined? joined = null)
        => (await AcceptJoinAsync(joined ?? new Joined { Position = new Position { Epoch = "e1", Offset = 0 } })).Stream;

    /// <summary>Accepts a room's stream, and answers its Join; without an answer, as recovered from where it says.</summary>
    public async Task<(GatewayStream Stream, Join Join)> AcceptJoinAsync(Joined? joined = null)
    {
        var stream = await AcceptStreamAsync();
        var join = (await stream.ReadAsync()).Join ?? throw new InvalidOperationException("The room's stream does not begin with Join.");
        await stream.SendAsync(new ServerFrame { Joined = joined ?? new Joined { Position = join.After, Recovered = true } });
        return (stream, join);
    }

    /// <summary>Ends the connection as a gateway does that is gone.</summary>
    public void Lose() => Client.End(
        new ConnectionClosure(ConnectionCloseOrigin.StatelessReset, null, null, ""), new ConnectionClosure(ConnectionCloseOrigin.Local, null, null, ""));

    /// <summary>What the client sends on the control stream before it answers a Ping that is sent now: what it has sent so far, then.</summary>
    public async Task<List<ClientFrame>> ReadControlUntilNowAsync()
    {
        var marker = (ulong)Random.Shared.NextInt64();
        await Control.SendAsync(new ServerFrame { Ping = new Ping { Number = marker } });
        var frames = new List<ClientFrame>();
        while (true)
        {
            var frame = await Control.ReadAsync();
            if (frame.Pong?.Number == marker)
            {
                return frames;
            }

            frames.Add(frame);
        }
    }
}
