using System.Threading.Channels;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Tests.Cluster;

/// <summary>Somebody who observes migrations, and writes down what came.</summary>
internal sealed class TestObserver : IMigrationObserver
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Channel<MigrationBatch> _batches = Channel.CreateUnbounded<MigrationBatch>();

    public TestObserver(IGrainFactory grains) => Reference = grains.CreateObjectReference<IMigrationObserver>(this);

    public IMigrationObserver Reference { get; }

    /// <summary>Runs at every batch, before it is written down.</summary>
    public Func<MigrationBatch, Task>? OnObserve { get; set; }

    public bool HasBatches => _batches.Reader.Count > 0;

    /// <summary>The next batch.</summary>
    public async Task<MigrationBatch> NextAsync(string what)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            return await _batches.Reader.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"Waited {Patience} for {what}.");
        }
    }

    /// <summary>The batches that come until one holds an event that is waited for.</summary>
    public async Task<List<MigrationBatch>> UntilAsync(Func<MigrationEvent, bool> isLast, string what)
    {
        List<MigrationBatch> batches = [];
        do
        {
            batches.Add(await NextAsync(what));
        }
        while (!batches[^1].Events.Any(isLast));

        return batches;
    }

    async Task IMigrationObserver.Observe(MigrationBatch batch)
    {
        if (OnObserve is { } act)
        {
            await act(batch);
        }

        _batches.Writer.TryWrite(batch);
    }
}
