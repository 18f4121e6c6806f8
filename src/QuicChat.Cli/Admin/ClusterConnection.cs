using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Admin;

/// <summary>An Orleans client of a cluster.</summary>
internal sealed class ClusterConnection : IAsyncDisposable
{
    // Together with the look at the store about 10 s.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(250);

    private readonly IHost _host;
    private bool _isDisposed;

    private ClusterConnection(IHost host) => _host = host;

    /// <summary>Where grains are found.</summary>
    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Connects to the cluster of a store.</summary>
    /// <param name="store">The store's connection string; it holds the cluster's membership.</param>
    /// <param name="clusterId">The Orleans cluster ID.</param>
    /// <param name="serviceId">The Orleans service ID.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ToolException">The store or the cluster does not answer within about 10 s.</exception>
    public static async Task<ClusterConnection> OpenAsync(
        string store, string clusterId, string serviceId, CancellationToken cancellationToken)
    {
        await RedisServer.RequireAsync(store, "see whether the stack runs, or name another store with --store", cancellationToken);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        // The client logs each silo that it cannot reach; what matters of it is said in one line below.
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client =>
        {
            client.UseRedisClustering(store);
            client.Configure<ClusterOptions>(cluster =>
            {
                cluster.ClusterId = clusterId;
                cluster.ServiceId = serviceId;
            });
            client.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = Patience);
        });
        var host = builder.Build();
        try
        {
            await host.StartAsync(cancellationToken).WaitAsync(Patience, cancellationToken);
            return new ClusterConnection(host);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            host.Dispose();
            throw Unreachable(RedisServer.Describe(store), clusterId, e);
        }
    }

    /// <summary>Connects to the cluster of the running stack, or of the store that is given.</summary>
    public static Task<ClusterConnection> OpenAsync(
        DataFolder data, string? store, string clusterId, string serviceId, CancellationToken cancellationToken)
    {
        if (store is not null)
        {
            return OpenAsync(store, clusterId, serviceId, cancellationToken);
        }

        return OpenAsync(RunningStack.Load(data), cancellationToken);
    }

    /// <summary>Connects to the cluster of a stack.</summary>
    public static Task<ClusterConnection> OpenAsync(RunningStack stack, CancellationToken cancellationToken)
        => OpenAsync(stack.ConnectionString, stack.ClusterId, stack.ServiceId, cancellationToken);

    /// <summary>Tells a grain something.</summary>
    /// <exception cref="ToolException">The cluster does not answer in time, or cannot do it.</exception>
    public async Task TellAsync(Func<IGrainFactory, Task> order, CancellationToken cancellationToken) => await AskAsync(
        async grains =>
        {
            await order(grains);
            return true;
        },
        cancellationToken);

    /// <summary>
    /// Asks a grain. A silo that has just died refuses at once, and another one has the grain soon: it is asked again for as long as an answer may take.
    /// </summary>
    /// <exception cref="ToolException">The cluster does not answer in time, or cannot do it.</exception>
    public async Task<T> AskAsync<T>(Func<IGrainFactory, Task<T>> question, CancellationToken cancellationToken)
    {
        for (var begin = Stopwatch.GetTimestamp(); ; await Task.Delay(RetryInterval, cancellationToken))
        {
            var left = Patience - Stopwatch.GetElapsedTime(begin);
            try
            {
                return await question(Grains).WaitAsync(left > RetryInterval ? left : RetryInterval, cancellationToken);
            }
            catch (OrleansMessageRejectionException) when (left > RetryInterval)
            {
                // Asked again.
            }
            catch (Exception e) when (e is TimeoutException or OrleansException)
            {
                throw new ToolException($"the cluster did not answer{Because(e)}; see whether its silos run.", e);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // What a grain throws arrives as it was thrown there, such as the store's own errors.
                throw new ToolException($"the cluster could not do it ({ToolException.OneLine(e)}); its silos' logs say more.", e);
            }
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            await _host.StopAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // There is nobody left to take leave of.
        }

        _host.Dispose();
    }

    private static ToolException Unreachable(string store, string clusterId, Exception e)
        => new($"no silo of cluster '{clusterId}' in the store {store} answers{Because(e)}; see whether its silos run.", e);

    // The words of a time-out, and of a connection that cannot be made, say nothing more to who runs the cluster.
    private static string Because(Exception e) => e is OrleansMessageRejectionException || e.GetBaseException() is TimeoutException ? "" : $" ({ToolException.OneLine(e)})";
}
