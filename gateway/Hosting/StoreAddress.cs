using System.Net;
using StackExchange.Redis;

namespace QuicChat.Gateway.Hosting;

/// <summary>How the store is reached.</summary>
internal sealed class StoreAddress
{
    private StoreAddress(ConfigurationOptions options) => Options = options;

    /// <summary>For the client of the store.</summary>
    public ConfigurationOptions Options { get; }

    /// <summary>Reads a connection string.</summary>
    /// <exception cref="GatewayStartException">It is not one.</exception>
    public static StoreAddress Parse(string connectionString, string clientName)
    {
        ConfigurationOptions options;
        try
        {
            options = ConfigurationOptions.Parse(connectionString);
        }
        catch (ArgumentException e)
        {
            // .NET appends the name of a parameter, which no user knows. The string itself may hold a password.
            throw new GatewayStartException(
                $"--store is no connection string of a store ({e.Message.Split(" (Parameter '")[0].TrimEnd('.')}); give HOST:PORT.", e);
        }

        if (options.EndPoints.Count == 0)
        {
            throw new GatewayStartException("--store names no store; give HOST:PORT.");
        }

        options.ClientName = clientName;

        // The start is tried again and again; each try is to fail soon.
        options.AbortOnConnectFail = true;
        options.ConnectRetry = 1;
        options.ConnectTimeout = 3_000;

        // A store that comes back is found within a second.
        options.ReconnectRetryPolicy = new LinearRetry(500);
        return new StoreAddress(options);
    }

    /// <summary>Its end points, without a password.</summary>
    public override string ToString()
        => string.Join(", ", Options.EndPoints.Select(point => point is DnsEndPoint name ? $"{name.Host}:{name.Port}" : point.ToString()));
}
