using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Tests.Cluster;
using Xunit;
using static QuicChat.Abstractions.Connections.PathObservationType;

namespace QuicChat.Grains.Tests.Migrations;

[Collection(ClusterFixture.Serial)]
public sealed class MigrationObserverTests(ClusterFixture cluster, ITestOutputHelper output) : IAsyncLifetime
{
    private readonly TestGateway _gateway = new(cluster);
    private readonly string _user = Guid.NewGuid().ToString("N");
    private readonly List<TestObserver> _observers = [];

    private IMigrationMonitorGrain Monitor => cluster.Grains.GetGrain<IMigrationMonitorGrain>(IMigrationMonitorGrain.Key);

    public async ValueTask InitializeAsync()
    {
        await _gateway.RenewAsync();

        // The monitor knows the silos from their reports, and tells them at once who observes.
        await cluster.StatsAsync();
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_observers.Select(observer => Monitor.Unsubscribe(observer.Reference)));

    [Fact]
    public async Task EveryEventArrivesInTheOrderOfItsConnection()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var connections = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _gateway.ConnectAsync(_user)));
        var observer = await SubscribeAsync();
        var expected = connections.ToDictionary(connection => connection.GetPrimaryKeyString(), _ => new List<(MigrationEventType, MigrationOutcome?)>());
        for (var round = 0; round < 6; round++)
        {
            await Task.WhenAll(connections.Select(connection => _gateway.ReportAsync(connection, Round(connection))));
        }

        List<MigrationBatch> batches = [];
        await HearAllAsync();

        // One leaves for the other silo. Between two silos there is no order, so all that was before has been heard.
        await cluster.MoveAsync(connections[0]);
        await _gateway.ReportAsync(connections[0], Round(connections[0]));
        await HearAllAsync();
        var count = expected.Values.Sum(events => events.Count);

        var heard = batches.SelectMany(batch => batch.Events).ToLookup(next => next.ConnectionId, next => (next.Type, next.Outcome));
        Assert.All(expected, connection => Assert.Equal(connection.Value, heard[connection.Key]));
        Assert.Equal(count, batches.Sum(batch => batch.Events.Length));
        Assert.All(batches, batch => Assert.Equal(0, batch.Missed));
        foreach (var stream in batches.GroupBy(batch => batch.Stream))
        {
            var places = stream.Select(batch => batch.Sequence).ToList();
            Assert.Equal(stream.SkipLast(1).Aggregate([0L], (List<long> sums, MigrationBatch batch) => [.. sums, sums[^1] + batch.Events.Length]), places);
        }

        Assert.Equal(
            cluster.Silos.Select(silo => silo.Name).Order(),
            batches.Where(batch => batch.Events.Any(next => next.ConnectionId == connections[0].GetPrimaryKeyString())).Select(batch => batch.Silo).Distinct().Order());

        async Task HearAllAsync()
        {
            var all = expected.Values.Sum(events => events.Count);
            while (batches.Sum(batch => batch.Events.Length) < all)
            {
                batches.Add(await observer.NextAsync($"{all} events, of which {batches.Sum(batch => batch.Events.Length)} came"));
            }
        }

        PathObservation[] Round(IConnectionGrain connection)
        {
            var events = expected[connection.GetPrimaryKeyString()];
            events.Add((MigrationEventType.Began, null));
            if (random.Next(3) == 0)
            {
                events.AddRange([(MigrationEventType.Denied, null), (MigrationEventType.Ended, MigrationOutcome.Reverted)]);
                return [_gateway.Event(connection, Detected), _gateway.Event(connection, Denied, reason: "denied"), _gateway.Event(connection, Reverted)];
            }

            events.Add((MigrationEventType.Ended, MigrationOutcome.Completed));
            return [_gateway.Event(connection, Detected), _gateway.Event(connection, Validated)];
        }
    }

    [Fact]
    public async Task AnEventSaysWhatIsRecorded()
    {
        var connection = await _gateway.ConnectAsync(_user);
        var observer = await SubscribeAsync();
        var began = cluster.Clock.GetUtcNow();
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected), _gateway.Event(connection, Denied, to: "192.0.2.9:9", reason: "a denied network"));
        cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        await connection.FailMigration("an operator said so");

        var events = (await observer.UntilAsync(next => next.Outcome is not null, "the end of the attempt")).SelectMany(batch => batch.Events);

        var template = new MigrationEvent(
            MigrationEventType.Began, connection.GetPrimaryKeyString(), _user, _gateway.Id, "192.0.2.1:1000", "192.0.2.1:2000", MigrationKind.PortOnly, began, null, null, false, null);
        Assert.Equal(
            [
                template,
                template with { Type = MigrationEventType.Denied, To = "192.0.2.9:9", Reason = "a denied network" },
                template with
                {
                    Type = MigrationEventType.Ended,
                    At = began + TimeSpan.FromSeconds(1),
                    Outcome = MigrationOutcome.Failed,
                    Duration = TimeSpan.FromSeconds(1),
                    Reason = "an operator said so",
                },
            ],
            events);
    }

    [Fact]
    public async Task AnAttemptThatTheEndOfItsConnectionCutsShortIsToldAsAbandoned()
    {
        var connection = await _gateway.ConnectAsync(_user);
        var observer = await SubscribeAsync();
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected));
        await connection.Unregister("the client left");

        var batches = await observer.UntilAsync(next => next.Type == MigrationEventType.Ended, "the end of the attempt");

        Assert.Equal((MigrationOutcome.Abandoned, _user), (batches[^1].Events[^1].Outcome, batches[^1].Events[^1].UserId));
    }

    [Fact]
    public async Task AConnectionThatFailsWithNoAttemptInFlightIsToldOf()
    {
        var connection = await _gateway.ConnectAsync(_user);
        var observer = await SubscribeAsync();

        await connection.FailMigration("an operator said so");

        Assert.Equal(
            new MigrationEvent(
                MigrationEventType.Failed, connection.GetPrimaryKeyString(), _user, _gateway.Id, "192.0.2.1:1000", "192.0.2.1:1000",
                MigrationKind.PortOnly, cluster.Clock.GetUtcNow(), null, null, false, "an operator said so"),
            Assert.Single((await observer.NextAsync("the failure")).Events));
    }

    [Fact]
    public async Task ASlowObserverHoldsUpNeitherReportsNorOthers()
    {
        const int Rounds = 6;
        const int AttemptsARound = 100;
        var connection = await _gateway.ConnectAsync(_user);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (slow, quick) = (await SubscribeAsync(), await SubscribeAsync());
        slow.OnObserve = _ =>
        {
            entered.TrySetResult();
            return gate.Task;
        };

        // All of this happens while the slow one has not answered its first batch.
        var heardByQuick = 0;
        for (var round = 1; round <= Rounds; round++)
        {
            for (var attempt = 0; attempt < AttemptsARound; attempt++)
            {
                var receipt = await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected), _gateway.Event(connection, Reverted));
                Assert.True(receipt.Registered);
            }

            while (heardByQuick < round * AttemptsARound * 2)
            {
                var batch = await quick.NextAsync($"event {round * AttemptsARound * 2}, after {heardByQuick}");
                Assert.Equal((heardByQuick, 0), (batch.Sequence, batch.Missed));
                heardByQuick += batch.Events.Length;
            }
        }

        await entered.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.False(slow.HasBatches);
        gate.SetResult();

        // On a machine so busy that it was given up meanwhile, it hears the rest once it has subscribed again.
        List<MigrationBatch> batches = [];
        await cluster.SettleAsync(
            async () =>
            {
                await Monitor.Subscribe(slow.Reference);
                while (slow.HasBatches)
                {
                    batches.Add(await slow.NextAsync("what is there"));
                }

                return batches.Count > 1 && batches[^1].Sequence + batches[^1].Events.Length == heardByQuick;
            },
            "the end of the stream");
        var missed = batches.Sum(batch => batch.Missed);
        Assert.Equal(heardByQuick, missed + batches.Sum(batch => batch.Events.Length));
        Assert.InRange(missed, 1, heardByQuick - 1);
    }

    [Fact]
    public async Task ADeadObserverHearsNoMoreUntilItSubscribesAgain()
    {
        const int Attempts = 50;
        var connection = await _gateway.ConnectAsync(_user);
        var called = new TaskCompletionSource<MigrationBatch>(TaskCreationOptions.RunContinuationsAsynchronously);
        var (dead, other) = (await SubscribeAsync(), await SubscribeAsync());
        dead.OnObserve = batch =>
        {
            called.TrySetResult(batch);
            throw new InvalidOperationException("The test has this observer fail.");
        };
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Denied));
        Assert.Single((await called.Task.WaitAsync(TimeSpan.FromSeconds(10))).Events);

        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected), _gateway.Event(connection, Reverted));
        }

        var heard = 0;
        while (heard < 1 + (2 * Attempts))
        {
            heard += (await other.NextAsync("all events")).Events.Length;
        }

        Assert.False(dead.HasBatches);
        dead.OnObserve = null;
        await cluster.SettleAsync(
            async () =>
            {
                await Monitor.Subscribe(dead.Reference);
                return dead.HasBatches;
            },
            "the first batch after the failure");

        // The one event of the lost batch shows by the place in the stream.
        var missed = await dead.NextAsync("what was missed");
        Assert.Equal((1 + (2 * Attempts), 2 * Attempts, 0), (missed.Sequence, missed.Missed, missed.Events.Length));
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Denied));
        var next = await dead.NextAsync("the next event");
        Assert.Equal((1 + (2 * Attempts), 0, 1), (next.Sequence, next.Missed, next.Events.Length));
    }

    [Fact]
    public async Task WhoHasUnsubscribedHearsNothing()
    {
        var connection = await _gateway.ConnectAsync(_user);
        var (leaving, staying) = (await SubscribeAsync(), await SubscribeAsync());
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Denied));
        await leaving.NextAsync("the first event");
        await staying.NextAsync("the first event");

        await Monitor.Unsubscribe(leaving.Reference);
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Denied));

        await staying.NextAsync("the second event");
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Denied));
        await staying.NextAsync("the third event");
        Assert.False(leaving.HasBatches);
    }

    [Fact]
    public async Task WhoDoesNotSubscribeAgainHearsNothing()
    {
        var connection = await _gateway.ConnectAsync(_user);
        var (leaving, staying) = (await SubscribeAsync(), await SubscribeAsync());
        cluster.Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(TimeSpan.FromSeconds(30), await Monitor.Subscribe(staying.Reference));
        cluster.Clock.Advance(TimeSpan.FromSeconds(2));
        await cluster.StatsAsync();

        await _gateway.ReportAsync(connection, _gateway.Event(connection, Denied));

        await staying.NextAsync("the event");
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Denied));
        await staying.NextAsync("the next event");
        Assert.False(leaving.HasBatches);
    }

    [Fact]
    public async Task AMonitorThatIsElsewhereNowInterruptsNothing()
    {
        var connection = await _gateway.ConnectAsync(_user);
        var observer = await SubscribeAsync();
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Denied));
        var first = await observer.NextAsync("the first event");

        // The new one knows of no observer until it subscribes again.
        await cluster.MoveAsync(Monitor);
        await cluster.StatsAsync();
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Denied));
        var second = await observer.NextAsync("the second event");
        cluster.Clock.Advance(TimeSpan.FromSeconds(20));
        await Monitor.Subscribe(observer.Reference);
        cluster.Clock.Advance(TimeSpan.FromSeconds(20));
        await cluster.StatsAsync();
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Denied));
        var third = await observer.NextAsync("the third event");

        Assert.Equal([first.Stream, first.Stream, first.Stream], new[] { first.Stream, second.Stream, third.Stream });
        Assert.Equal((0, 1, 2), (first.Sequence, second.Sequence, third.Sequence));
    }

    [Fact]
    public async Task ThereAreOnlySoManyObservers()
    {
        var first = await SubscribeAsync();
        await Task.WhenAll(Enumerable.Range(1, 31).Select(_ => SubscribeAsync()));

        var refused = await Assert.ThrowsAsync<TooManyObserversException>(() => Monitor.Subscribe(new TestObserver(cluster.Grains).Reference));
        Assert.Equal("32 processes observe migrations, which is as many as may: end one, or wait 30 s where one has died.", refused.Message);

        await Monitor.Subscribe(first.Reference);
        await Monitor.Unsubscribe(first.Reference);
        await SubscribeAsync();
    }

    private async Task<TestObserver> SubscribeAsync()
    {
        var observer = new TestObserver(cluster.Grains);
        lock (_observers)
        {
            _observers.Add(observer);
        }

        await Monitor.Subscribe(observer.Reference);
        return observer;
    }
}
