using System.Net;
using System.Net.Http.Headers;
using QuicChat.Store.Tests;
using Xunit;

namespace QuicChat.Grains.Tests.Silo;

/// <summary>Who may see a silo's pages.</summary>
public sealed class WebAccessTests
{
    private const string Token = "0123456789abcdef";

    [Fact]
    public async Task Where_others_reach_the_pages_they_ask_for_the_token_and_health_pages_do_not()
    {
        using var directory = new TemporaryDirectory();
        using var store = await StoreProcess.StartAsync(directory.Path);
        var file = Path.Combine(directory.Path, "web.token");
        await File.WriteAllTextAsync(file, Token + "\n");
        using var silo = await SiloProcess.StartAsync(
            store.ConnectionString, "silo-web", "web", "--web", "http://0.0.0.0:0", "--web-token-file", file);
        var address = new UriBuilder(silo.Web) { Host = "127.0.0.1" }.Uri;
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = address };

        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health/live")).StatusCode);
        foreach (var page in (string[])["/dashboard/", "/migrations", "/migrations/events"])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(page)).StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(page + "?token=wrong")).StatusCode);
        }

        // The printed address has the token, which moves into a cookie.
        Assert.EndsWith($"/dashboard/?token={Token}", silo.Ready.GetProperty("dashboard").GetString(), StringComparison.Ordinal);
        using var opened = await http.GetAsync("/migrations?token=" + Token);
        Assert.Equal((HttpStatusCode.Redirect, "/migrations"), (opened.StatusCode, opened.Headers.Location!.ToString()));
        using var withCookie = new HttpRequestMessage(HttpMethod.Get, "/migrations");
        withCookie.Headers.Add("Cookie", opened.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        Assert.Equal(HttpStatusCode.OK, (await http.SendAsync(withCookie)).StatusCode);

        using var withBearer = new HttpRequestMessage(HttpMethod.Get, "/migrations");
        withBearer.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        Assert.Equal(HttpStatusCode.OK, (await http.SendAsync(withBearer)).StatusCode);
    }

    [Fact]
    public async Task On_a_loopback_address_a_foreign_name_is_refused_and_health_pages_are_not()
    {
        using var directory = new TemporaryDirectory();
        using var store = await StoreProcess.StartAsync(directory.Path);
        using var silo = await SiloProcess.StartAsync(store.ConnectionString, "silo-web", "web");
        using var http = new HttpClient { BaseAddress = silo.Web };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/migrations")).StatusCode);

        // A page from elsewhere whose name was made to mean this machine.
        http.DefaultRequestHeaders.Host = "rebound.example";
        Assert.Equal(HttpStatusCode.BadRequest, (await http.GetAsync("/migrations")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health/live")).StatusCode);
    }
}
