using QuicChat.Cli.Verbs;
using StackExchange.Redis;

namespace QuicChat.Cli.Stack;

/// <summary>A Redis server that somebody else runs.</summary>
internal static class RedisServer
{
    private const string Example = "write it like 127.0.0.1:6379 or redis.example.org:6380,ssl=true";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    /// <summary>Reads a connection string.</summary>
    /// <exception cref="FormatException"><paramref name="text"/> is not one.</exception>
    public static string Parse(string text)
    {
        try
        {
            return !string.IsNullOrWhiteSpace(text) && ConfigurationOptions.Parse(text).EndPoints.Count > 0
                ? text
                : throw new FormatException($"this names no server: {Example}");
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"this is not a connection string of Redis ({ToolException.OneLine(e)}): {Example}", e);
        }
    }

    /// <summary>The servers of a connection string, without what it holds of secrets.</summary>
    public static string Describe(string connectionString)
        => string.Join(", ", ConfigurationOptions.Parse(connectionString).EndPoints.Select(EndPointCollection.ToString));

    /// <summary>Checks that the server answers.</summary>
    /// <param name="connectionString">Which.</param>
    /// <param name="advice">What to do where it does not.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ToolException">It does not.</exception>
    public static async Task RequireAsync(string connectionString, string advice, CancellationToken cancellationToken)
    {
        var options = ConfigurationOptions.Parse(connectionString);
        options.AbortOnConnectFail = true;
        options.ConnectRetry = 1;
        options.ConnectTimeout = (int)Timeout.TotalMilliseconds;
        try
        {
            await using var connection = await ConnectionMultiplexer.ConnectAsync(options).WaitAsync(Timeout * 2, cancellationToken);
            await connection.GetDatabase().PingAsync().WaitAsync(Timeout, cancellationToken);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            throw new ToolException(
                $"no Redis server answers at {Describe(connectionString)}; {advice}.", e);
        }
    }
}
