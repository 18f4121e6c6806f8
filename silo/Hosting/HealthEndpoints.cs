using System.Text.Json;
using StackExchange.Redis;

namespace QuicChat.Silo.Hosting;

/// <summary>Health pages.</summary>
internal static class HealthEndpoints
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>
    /// <c>/health/live</c>: the process works. <c>/health/ready</c>: it is in the cluster and reaches the store. Both answer 200 or 503.
    /// </summary>
    public static void MapHealth(this WebApplication app)
    {
        app.MapGet("/health/live", static context => AnswerAsync(context, true, "live"));
        app.MapGet("/health/ready", static async context =>
        {
            var silo = context.RequestServices.GetRequiredService<ISiloStatusOracle>();
            var store = context.RequestServices.GetRequiredService<IConnectionMultiplexer>();
            var (ready, reason) = silo.CurrentStatus != SiloStatus.Active ? (false, $"the silo is {silo.CurrentStatus}")
                : await AnswersAsync(store) ? (true, null)
                : (false, "the store does not answer");
            await AnswerAsync(context, ready, ready ? "ready" : "unready", reason);
        });
    }

    private static async Task<bool> AnswersAsync(IConnectionMultiplexer store)
    {
        try
        {
            await store.GetDatabase().PingAsync().WaitAsync(Patience);
            return true;
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            return false;
        }
    }

    private static Task AnswerAsync(HttpContext context, bool good, string status, string? reason = null)
    {
        context.Response.StatusCode = good ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(reason is null
            ? JsonSerializer.Serialize(new { status })
            : JsonSerializer.Serialize(new { status, reason }));
    }
}
