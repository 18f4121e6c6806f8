using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Routing;
using StackExchange.Redis;

namespace QuicChat.Gateway.Hosting;

/// <summary>How long the start waits for the store and a silo: all parts of a system are often started at once, in any order.</summary>
internal sealed class ClusterPatience(
    IOptions<GatewayOptions> options, StoreAddress store, TimeProvider time, ILogger<ClusterPatience> logger) : IClientConnectionRetryFilter
{
    private readonly long _since = time.GetTimestamp();
    private Backoff _backoff;
    private Type? _told;

    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        var cluster = options.Value.ClusterId;
        if (time.GetElapsedTime(_since) >= options.Value.ConnectTimeLimit)
        {
            var waited = $"within {options.Value.ConnectTimeLimit.TotalSeconds:0} s";
            throw IsOfStore(exception)
                ? new GatewayStartException(
                    $"The store at {store} does not answer {waited}, so cluster '{cluster}' is not found; "
                    + "start it (redis-server, or QuicChat.Store), or name another with --store.",
                    exception)
                : new GatewayStartException(
                    $"No silo of cluster '{cluster}' answers {waited} (store {store}); "
                    + "start one with the same --store, --cluster-id and --service-id.",
                    exception);
        }

        if (exception.GetType() != _told)
        {
            _told = exception.GetType();
            logger.WaitingForCluster(cluster, store, IsOfStore(exception) ? "the store does not answer" : "it answers, but no silo does");
        }

        await Task.Delay(_backoff.Next(), time, cancellationToken);
        return true;
    }

    private static bool IsOfStore(Exception exception) => exception is RedisException or TimeoutException;
}
