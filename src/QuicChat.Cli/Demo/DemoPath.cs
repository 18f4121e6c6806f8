using System.Net;
using System.Net.Sockets;
using QuicChat.Cli.Verbs;
using QuicChat.Client;
using QuicChat.Quic.Paths;

namespace QuicChat.Cli.Demo;

/// <summary>A client's way to its gateway, and how it changes.</summary>
internal abstract class DemoPath : IAsyncDisposable
{
    /// <summary>Where the client connects to.</summary>
    public abstract IPEndPoint Server { get; }

    /// <summary>The end point that the gateway sees.</summary>
    /// <param name="client">The connected client.</param>
    public abstract IPEndPoint Seen(ChatClient client);

    /// <summary>Changes it to another address, or to another port.</summary>
    /// <exception cref="ToolException">It cannot be changed.</exception>
    public async Task MoveAsync(string name, ChatClient client, IPAddress? address)
    {
        try
        {
            await ChangeAsync(client, address);
        }
        catch (Exception e) when (e is SocketException or PathValidationException or InvalidOperationException or NotSupportedException)
        {
            throw new ToolException(
                $"the path of {name} cannot move to {address?.ToString() ?? "another port"} ({ToolException.OneLine(e)}); the demo needs all of 127.0.0.0/8, and with --active ::1.", e);
        }
    }

    /// <inheritdoc />
    public abstract ValueTask DisposeAsync();

    /// <summary>Does it.</summary>
    protected abstract Task ChangeAsync(ChatClient client, IPAddress? address);
}
