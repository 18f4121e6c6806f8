using System.Collections.Immutable;
using QuicChat.Cli.Load;

namespace QuicChat.Cli.Tests.Load;

/// <summary>What a load is put on, without a network.</summary>
/// <param name="start">Connects a client.</param>
internal sealed class FakeSubject(Func<int, LoadContext, FakeClient> start) : ILoadSubject
{
    public ImmutableArray<ProcessMeter> Processes { get; init; } = [];

    public Task<ILoadClient> StartClientAsync(int index, LoadContext context, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var client = start(index, context);
        context.Meter.OnConnected(0);
        return Task.FromResult<ILoadClient>(client);
    }

    public void Blackhole(bool isOn)
    {
    }
}
