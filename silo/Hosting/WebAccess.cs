using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace QuicChat.Silo.Hosting;

/// <summary>
/// Who may see the silo's pages: on a loopback address whoever is on the machine, elsewhere whoever has the token. Health pages are for all.
/// </summary>
internal static class WebAccess
{
    private const string Cookie = "quicchat-web";
    private const string Parameter = "token";

    /// <summary>Whether only this machine reaches <paramref name="web"/>.</summary>
    public static bool IsLoopback(Uri web) => web.IsLoopback || (IPAddress.TryParse(web.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    /// <summary>A token that nobody guesses.</summary>
    public static string NewToken() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>Lets pass only requests that may see the pages.</summary>
    /// <param name="app">The silo's web application.</param>
    /// <param name="token">What they must show; <see langword="null"/> where the address is the machine's own.</param>
    public static void UseWebAccess(this WebApplication app, string? token)
    {
        if (token is null)
        {
            // A page from elsewhere may make a browser on this machine ask here, but under its own name.
            app.Use((context, next) => IsHealth(context.Request) || IPAddress.TryParse(context.Request.Host.Host.Trim('[', ']'), out _) || context.Request.Host.Host is "localhost"
                ? next(context)
                : RefuseAsync(context, StatusCodes.Status400BadRequest, "Ask for this page by localhost or an IP address."));
            return;
        }

        var expected = Hash(token);
        app.Use((context, next) =>
        {
            if (IsHealth(context.Request) || Matches(Bearer(context.Request)) || Matches(context.Request.Cookies[Cookie]))
            {
                return next(context);
            }

            if (HttpMethods.IsGet(context.Request.Method) && Matches(context.Request.Query[Parameter]))
            {
                // Out of the address, where it would stay in the browser's history.
                context.Response.Cookies.Append(Cookie, token, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = context.Request.IsHttps });
                // One slash at its begin: two would lead to another host.
                context.Response.Redirect("/" + (context.Request.PathBase + context.Request.Path).Value?.TrimStart('/'));
                return Task.CompletedTask;
            }

            return RefuseAsync(
                context, StatusCodes.Status401Unauthorized, "This page needs the silo's web token: open the address that the silo printed, or send it as a bearer token.");
        });

        bool Matches(string? shown) => shown is not null && CryptographicOperations.FixedTimeEquals(Hash(shown), expected);
    }

    private static bool IsHealth(HttpRequest request) => request.Path.StartsWithSegments("/health");

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private static string? Bearer(HttpRequest request)
        => request.Headers.Authorization.ToString() is { } header && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..] : null;

    private static Task RefuseAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(reason + "\n", context.RequestAborted);
    }
}
