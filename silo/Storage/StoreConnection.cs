using System.Net;
using QuicChat.Silo.Hosting;
using StackExchange.Redis;

namespace QuicChat.Silo.Storage;

/// <summary>The one connection of a silo to its store, shared by membership, grain storage, reminders and room logs.</summary>
internal static class StoreConnection
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <summary>Connects, and afterwards keeps reconnecting by itself.</summary>
    /// <exception cref="SiloException">The store cannot be reached.</exception>
    public static async Task<ConnectionMultiplexer> OpenAsync(string connectionString, string clientName)
    {
        ConfigurationOptions options;
        try
        {
            options = ConfigurationOptions.Parse(connectionString);
        }
        catch (ArgumentException error)
        {
            throw new SiloException($"'{connectionString}' is no connection string of a store ({error.Message}); give --store HOST:PORT.", error);
        }

        options.ClientName = clientName;
        options.AbortOnConnectFail = true;
        options.ConnectRetry = 1;
        options.ConnectTimeout = (int)Patience.TotalMilliseconds;
        // Within Orleans' own response time-out, so that a caller hears of the store and not of a silent silo.
        options.AsyncTimeout = 4_000;
        options.SyncTimeout = 4_000;
        // A store that comes back is found within a second.
        options.ReconnectRetryPolicy = new LinearRetry(500);
        options.HeartbeatInterval = TimeSpan.FromSeconds(1);
        try
        {
            return await ConnectionMultiplexer.ConnectAsync(options);
        }
        catch (Exception error) when (error is RedisException or TimeoutException or InvalidOperationException)
        {
            // InvalidOperationException is what the client throws where the store goes away in the middle of connecting.
            var endPoints = string.Join(", ", options.EndPoints.Select(Describe));
            throw new SiloException(
                $"The store at {endPoints} does not answer; start it (redis-server, or QuicChat.Store), or name another with --store.", error);
        }
    }

    private static string Describe(EndPoint endPoint) => endPoint is DnsEndPoint name ? $"{name.Host}:{name.Port}" : endPoint.ToString()!;
}
