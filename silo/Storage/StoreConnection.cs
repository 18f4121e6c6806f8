using System.Net;
using QuicChat.Silo.Hosting;
using StackExchange.Redis;

namespace QuicChat.Silo.Storage;

/// <summary>The one connection of a silo to its store, shared by membership, grain storage, reminders and room logs.</summary>
internal static class StoreConnection
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <summary>Reads a connection string.</summary>
    /// <exception cref="SiloException">It is not one.</exception>
    public static ConfigurationOptions Parse(string connectionString)
    {
        try
        {
            var options = ConfigurationOptions.Parse(connectionString);
            return options.EndPoints.Count > 0 ? options : throw new SiloException("--store names no store; give HOST:PORT.");
        }
        catch (ArgumentException error)
        {
            // .NET appends the name of a parameter, which no user knows. The string itself may hold a password.
            throw new SiloException(
                $"--store is no connection string of a store ({error.Message.Split(" (Parameter '")[0].TrimEnd('.')}); give HOST:PORT.", error);
        }
    }

    /// <summary>Connects, and afterwards keeps reconnecting by itself.</summary>
    /// <exception cref="SiloException">The store cannot be reached.</exception>
    public static async Task<ConnectionMultiplexer> OpenAsync(string connectionString, string clientName)
    {
        var options = Parse(connectionString);
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
