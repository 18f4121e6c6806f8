using System.Net;
using QuicChat.Client;

namespace QuicChat.Cli.Demo;

/// <summary>No network between: the client moves by its own will, as one does that has found a better network.</summary>
internal sealed class ActiveDemoPath(IPEndPoint gateway) : DemoPath
{
    /// <inheritdoc />
    public override IPEndPoint Server => gateway;

    /// <inheritdoc />
    public override IPEndPoint Seen(ChatClient client) => client.LocalEndPoint;

    /// <inheritdoc />
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc />
    protected override Task ChangeAsync(ChatClient client, IPAddress? address)
        => client.MigrateAsync(address ?? client.LocalEndPoint.Address);
}
