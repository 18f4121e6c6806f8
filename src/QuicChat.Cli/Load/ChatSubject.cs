using System.Collections.Immutable;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Load;

/// <summary>Gateways of this system, and the networks between them and the clients.</summary>
internal sealed class ChatSubject : ILoadSubject, IAsyncDisposable
{
    private readonly LoadTarget _target;
    private readonly LoadNetwork _network;

    private ChatSubject(LoadTarget target, LoadNetwork network) => (_target, _network) = (target, network);

    /// <inheritdoc />
    public ImmutableArray<ProcessMeter> Processes => _target.Processes;

    /// <summary>Starts the networks.</summary>
    /// <exception cref="ToolException">A gateway cannot be found.</exception>
    public static async Task<ChatSubject> StartAsync(LoadSettings settings, LoadTarget target, CancellationToken cancellationToken)
        => new(target, await LoadNetwork.StartAsync(settings, target.Servers, settings.Victims().Blackholed, cancellationToken));

    /// <inheritdoc />
    public async Task<ILoadClient> StartClientAsync(int index, LoadContext context, CancellationToken cancellationToken)
        => await LoadClient.StartAsync(index, context, _target, _network.Of(index), cancellationToken);

    /// <inheritdoc />
    public void Blackhole(bool isOn) => _network.Blackhole(isOn);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _network.DisposeAsync();
}
