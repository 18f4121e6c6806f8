using QuicChat.Abstractions.Migrations;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Admin;

/// <summary>
/// Prints migrations as they happen. It subscribes again and again, which is how an observer outlives the death of silos; where that helps no
/// more, it connects to the cluster anew.
/// </summary>
internal sealed class MigrationFollower(VerbContext context, bool failedOnly) : IMigrationObserver
{
    // An absent cluster is noticed within this and the time-out of a call.
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FarewellWithin = TimeSpan.FromSeconds(1);

    // While some silos live, the connection is worth keeping, for they go on telling. These tries take as long as a silo's death is unnoticed.
    private const int TriesBeforeReconnect = 3;

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, long> _ends = [];
    private bool _hasFollowed;
    private bool _isFollowing;

    /// <summary>Follows until it is cancelled.</summary>
    /// <param name="cluster">The cluster; the caller disposes of it.</param>
    /// <param name="connect">Connects to it anew.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>An exit code.</returns>
    /// <exception cref="ToolException">The cluster did not answer in the first place, or takes no more observers.</exception>
    public async Task<int> RunAsync(
        ClusterConnection cluster, Func<CancellationToken, Task<ClusterConnection>> connect, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await FollowAsync(cluster, cancellationToken);
                await cluster.DisposeAsync();
                cluster = await ConnectAsync(connect, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.Held;
        }
        finally
        {
            await cluster.DisposeAsync();
        }
    }

    /// <inheritdoc />
    public Task Observe(MigrationBatch batch)
    {
        lock (_lock)
        {
            var end = _ends.GetValueOrDefault(batch.Stream);
            if (batch.Sequence > end)
            {
                SayMissed(batch.Silo, batch.Sequence - end);
            }

            _ends[batch.Stream] = Math.Max(end, batch.Sequence + batch.Events.Length);
            foreach (var next in batch.Events.Where(next => !failedOnly || next.Outcome == MigrationOutcome.Failed || next.Type == MigrationEventType.Failed))
            {
                Say(MigrationEventReport.Of(next, batch.Silo));
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>Follows by one connection until the cluster does not answer on it any more.</summary>
    private async Task FollowAsync(ClusterConnection cluster, CancellationToken cancellationToken)
    {
        var reference = cluster.Grains.CreateObjectReference<IMigrationObserver>(this);
        try
        {
            for (var failures = 0; failures < TriesBeforeReconnect;)
            {
                try
                {
                    await cluster.AskAsync(grains => grains.Monitor().Subscribe(reference), cancellationToken);
                    failures = 0;
                    SayFollowing();
                }
                catch (TooManyObserversException e)
                {
                    throw new ToolException(e.Message, e);
                }
                catch (ToolException e) when (_hasFollowed)
                {
                    failures++;
                    SayAway(e.Message);
                }

                await Task.Delay(failures == 0 ? RenewEvery : RetryEvery, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (_isFollowing)
        {
            await FarewellAsync(cluster, reference);
            throw;
        }
    }

    private async Task<ClusterConnection> ConnectAsync(Func<CancellationToken, Task<ClusterConnection>> connect, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await connect(cancellationToken);
            }
            catch (ToolException e)
            {
                SayAway(e.Message);
                await Task.Delay(RetryEvery, cancellationToken);
            }
        }
    }

    private static async Task FarewellAsync(ClusterConnection cluster, IMigrationObserver reference)
    {
        try
        {
            using var limit = new CancellationTokenSource(FarewellWithin);
            await cluster.TellAsync(grains => grains.Monitor().Unsubscribe(reference), limit.Token);
        }
        catch (Exception e) when (e is ToolException or OperationCanceledException)
        {
            // The lease ends by itself.
        }
    }

    private void SayFollowing()
    {
        lock (_lock)
        {
            if (!_isFollowing)
            {
                (_isFollowing, _hasFollowed) = (true, true);
                context.Progress("Following; Ctrl+C ends it.");
                SayJson(new { type = "following" });
            }
        }
    }

    private void SayAway(string reason)
    {
        lock (_lock)
        {
            if (_isFollowing)
            {
                _isFollowing = false;
                context.Progress($"What happens now may be missed: {reason} It goes on when the cluster is back.");
                SayJson(new { type = "away", reason });
            }
        }
    }

    private void SayMissed(string silo, long events)
    {
        if (context.Json)
        {
            context.WriteJson(new { type = "missed", silo, events });
        }
        else
        {
            context.Output.WriteLine($"… {Tables.Text(events)} events of {silo} were missed.");
        }
    }

    private void Say(MigrationEventReport report)
    {
        if (context.Json)
        {
            context.WriteJson(report);
        }
        else
        {
            context.Output.WriteLine(report.ToLine());
        }
    }

    private void SayJson(object line)
    {
        if (context.Json)
        {
            context.WriteJson(line);
        }
    }
}
