using System.Net.WebSockets;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;

namespace QuicChat.Benchmarks.SignalR;

/// <summary>A SignalR client with a path of its own.</summary>
internal sealed class PeerClient : IAsyncDisposable
{
    private readonly HubConnection _hub;
    private readonly SocketsHttpHandler _handler;
    private readonly string _room;

    /// <summary>Makes a client that is not connected yet.</summary>
    /// <param name="url">The hub's.</param>
    /// <param name="room">The room that it joins, also after each reconnect that made it another connection.</param>
    /// <param name="settings">How dead connections are noticed.</param>
    /// <param name="received">Runs for each message's text.</param>
    /// <param name="reconnected">Runs when it has become another connection; stateful reconnects, which keep it, are not told.</param>
    public PeerClient(string url, string room, PeerSettings settings, Action<string> received, Action reconnected)
    {
        _room = room;
        _handler = new SocketsHttpHandler { ConnectCallback = Path.ConnectAsync };

        // The server's certificate is made for the run.
        _handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        _hub = new HubConnectionBuilder()
            .WithUrl(url, HttpTransportType.WebSockets, options =>
            {
                options.HttpMessageHandlerFactory = _ => new Shared(_handler);
                options.WebSocketFactory = async (context, cancellationToken) =>
                {
                    var socket = new ClientWebSocket();
                    if (settings == PeerSettings.Fair)
                    {
                        (socket.Options.KeepAliveInterval, socket.Options.KeepAliveTimeout) = (FairPing.Interval, FairPing.Timeout);
                    }

                    await socket.ConnectAsync(context.Uri, new HttpMessageInvoker(_handler, disposeHandler: false), cancellationToken);
                    return socket;
                };
            })
            .AddMessagePackProtocol()
            .WithStatefulReconnect()
            .WithAutomaticReconnect()
            .Build();
        _hub.On(ChatHub.Message, received);
        _hub.Reconnected += _ =>
        {
            reconnected();
            return JoinAsync();
        };
    }

    /// <summary>Its way to the server.</summary>
    public CutPath Path { get; } = new();

    /// <summary>Connects and joins.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _hub.StartAsync(cancellationToken);
        await JoinAsync();
    }

    /// <summary>Publishes; completes when the server has handed it to the back plane.</summary>
    /// <exception cref="Exception">The connection was lost meanwhile, or is.</exception>
    public Task PublishAsync(string text) => _hub.InvokeAsync("Publish", _room, text);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _handler.Dispose();
    }

    private Task JoinAsync() => _hub.InvokeAsync("Join", _room);

    // SignalR disposes of its handler with each transport; the path's connections are to be seen through them all.
    private sealed class Shared(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override void Dispose(bool disposing)
        {
        }
    }
}
