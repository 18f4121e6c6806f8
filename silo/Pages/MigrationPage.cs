using System.Text.Json.Serialization;

namespace QuicChat.Silo.Pages;

/// <summary>The page <c>/migrations</c>: three static files and a stream of events.</summary>
internal static class MigrationPage
{
    public const string Path = "/migrations";

    // Nothing from elsewhere, and nothing that a name in the data could smuggle in.
    private const string ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'";

    public static void AddMigrationPage(this IServiceCollection services)
    {
        services.AddSingleton<MigrationNewsFeed>();
        services.AddHostedService(static provider => provider.GetRequiredService<MigrationNewsFeed>());
        services.ConfigureHttpJsonOptions(static json => json.SerializerOptions.Converters.Add(new JsonStringEnumConverter()));
    }

    public static void MapMigrationPage(this WebApplication app)
    {
        MapFile(app, Path, "migrations.html", "text/html; charset=utf-8");
        MapFile(app, Path + "/page.js", "migrations.js", "text/javascript; charset=utf-8");
        MapFile(app, Path + "/page.css", "migrations.css", "text/css; charset=utf-8");
        app.MapGet(Path + "/events", static (MigrationNewsFeed feed, IHostApplicationLifetime lifetime, HttpContext context) =>
        {
            // The stream ends with the viewer or with the silo, which would otherwise wait for it at its stop.
            var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
            context.Response.RegisterForDispose(ended);
            return TypedResults.ServerSentEvents(feed.WatchAsync(ended.Token));
        });
    }

    private static void MapFile(WebApplication app, string path, string file, string contentType)
    {
        var content = Read(file);
        app.MapGet(path, context =>
        {
            context.Response.ContentType = contentType;
            context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
            context.Response.Headers.XContentTypeOptions = "nosniff";
            context.Response.Headers.CacheControl = "no-cache";
            return context.Response.Body.WriteAsync(content, context.RequestAborted).AsTask();
        });
    }

    private static byte[] Read(string file)
    {
        using var stream = typeof(MigrationPage).Assembly.GetManifestResourceStream(file)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
