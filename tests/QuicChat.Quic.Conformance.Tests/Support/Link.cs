using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests.Support;

/// <summary>One connection over loopback, seen from both of its ends.</summary>
internal sealed class Link : IAsyncDisposable
{
    private Link(IMultiplexedConnectionListener listener, MultiplexedConnectionContext client, MultiplexedConnectionContext server)
    {
        Listener = listener;
        Client = client;
        Server = server;
    }

    public IMultiplexedConnectionListener Listener { get; }

    public MultiplexedConnectionContext Client { get; }

    public MultiplexedConnectionContext Server { get; }

    public static async Task<Link> OpenAsync(TestEngine engine, QuicListenerOptions? server = null, QuicClientOptions? client = null)
    {
        var listener = await engine.BindAsync(server);
        var accepting = listener.AcceptAsync().AsTask();
        var connection = await engine.ConnectAsync(listener.Loopback(), client);
        return new Link(listener, connection, await accepting.Within("the connection to be accepted") ?? throw new InvalidOperationException("The listener ended."));
    }

    /// <summary>Opens a stream at the client; a first byte, read already, shows it to the server.</summary>
    public async Task<(ConnectionContext Client, ConnectionContext Server)> OpenStreamAsync()
    {
        var client = await Client.OpenStreamAsync();
        await client.Transport.Output.WriteAsync(new byte[1]);
        var server = await Server.AcceptAsync().AsTask().Within("a stream to be accepted");
        Assert.NotNull(server);
        await server.ReadExactlyAsync(1);
        return (client, server);
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Server.DisposeAsync();
        await Listener.DisposeAsync();
    }
}
