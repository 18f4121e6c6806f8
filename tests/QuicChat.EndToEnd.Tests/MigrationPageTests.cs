using System.Globalization;
using System.Net;
using System.Text.Json;
using QuicChat.Client;
using QuicChat.EndToEnd.Tests.Support;
using QuicChat.Quic.Simulation;
using Xunit;

namespace QuicChat.EndToEnd.Tests;

/// <summary>The page about migrations, in a browser, while migrations run.</summary>
public sealed class MigrationPageTests(Stack stack)
{
    private const int Moves = 5;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task The_page_shows_what_admin_stats_says_while_migrations_run()
    {
        await using var path = PathSimulator.Start(new PathSimulatorOptions { Server = stack.Gateway });
        await using var client = await stack.ConnectAsync(path, "mover");
        var room = await client.JoinAsync("page");
        using var completed = new SemaphoreSlim(0);
        client.PathChanged += change => completed.Release(change.Outcome == PathChangeOutcome.Completed ? 1 : 0);

        using var browser = Browser.Open(new Uri(stack.Description.GetProperty("silos")[0].GetProperty("web").GetString() + "/migrations"));
        await Eventually.HoldsAsync(() => browser.Number("connections") >= 1, () => $"the page shows the connection: {browser.Text("status")}");
        var counted = await CompletedAsync();
        for (var move = 0; move < Moves; move++)
        {
            path.RebindAll(new IPAddress([127, 0, 0, (byte)(2 + (move % 3))]));
            await room.PublishAsync("moved");
            Assert.True(await completed.WaitAsync(Limit), $"Waited {Limit} for the client to hear of move {move}.");

            // The page comes to show more than was counted before the move, and never more than is counted after it.
            await Eventually.HoldsAsync(() => browser.Number("completed") > counted, () => $"the page counts move {move} on top of {counted}: {browser.Text("completed")}");
            var shown = browser.Number("completed");
            counted = await CompletedAsync();
            Assert.True(shown <= counted, $"The page shows {shown} completed migrations, the cluster counted {counted}.");
        }

        // Other tests use the same cluster: what is compared is asked for anew each time.
        var expected = "";
        await Eventually.HoldsAsync(
            async () => Shown(browser) == (expected = Expected(await StatsAsync())), () => $"the page shows\n{expected}\nit shows\n{Shown(browser)}");
        Assert.True(browser.Count("#outcomes rect.completed") > 0, "No completed migration is drawn over time.");
        Assert.True(browser.Count("#durations rect") > 0, "No duration is drawn.");
        Assert.Empty(browser.Complaints());

        // As if the news said so; the next ones, a second later, say again that all silos live.
        Assert.False(IsNoticeShown(browser), "The page says that a silo has died.");
        Assert.Equal(
            "silo-2 has died; its counts are being read again.",
            browser.Evaluate<string>("""(showRecovering(["silo-2"]), byId("notice").checkVisibility() ? byId("notice").innerText : "hidden")"""));
        await Eventually.HoldsAsync(() => !IsNoticeShown(browser), () => "the notice goes when no silo is read again");

        await ShowsWellAsync(browser);
    }

    private static async Task ShowsWellAsync(Browser browser)
    {
        browser.Resize(390, 844);
        await Eventually.HoldsAsync(
            () => browser.Evaluate<long>("document.documentElement.scrollWidth") <= 390, () => "the page fits on a phone");
        browser.Screenshot(Path.Combine(AppContext.BaseDirectory, "migrations-phone.png"));

        browser.Resize(1100, 1200);
        browser.PreferColors("light");
        var light = browser.Evaluate<string>("getComputedStyle(document.body).backgroundColor");
        browser.Screenshot(Path.Combine(AppContext.BaseDirectory, "migrations-light.png"));
        browser.PreferColors("dark");
        Assert.NotEqual(light, browser.Evaluate<string>("getComputedStyle(document.body).backgroundColor"));
        browser.Screenshot(Path.Combine(AppContext.BaseDirectory, "migrations-dark.png"));
    }

    private static bool IsNoticeShown(Browser browser) => browser.Evaluate<bool>("""byId("notice").checkVisibility()""");

    // All figures of the page, and its table by gateway and silo.
    private static string Shown(Browser browser) => browser.Evaluate<string>(
        """
        [...document.querySelectorAll(".figures dd"), ...document.querySelectorAll("#parts tbody tr:not(.group)")]
          .map((part) => part.cells ? [...part.cells].map((cell) => cell.innerText).join(" ") : `${part.id} ${part.innerText}`)
          .join("\n")
        """);

    private static string Expected(JsonElement stats)
    {
        var durations = stats.GetProperty("durationMs");
        string[] figures =
        [
            $"connections {stats.GetProperty("connections")}",
            $"migrating {stats.GetProperty("migrating")}",
            string.Create(CultureInfo.InvariantCulture, $"success-rate {stats.GetProperty("successRate").GetDouble() * 100:0.00} %"),
            $"completed {stats.GetProperty("totals").GetProperty("completed")}",
            $"failed {stats.GetProperty("failed")}",
            $"p50 {Duration("p50")}",
            $"p99 {Duration("p99")}",
            $"max {Duration("max")}",
        ];
        string[] totals = ["started", "completed", "failed", "reverted", "superseded", "abandoned", "unknown", "denied", "ignored"];
        var parts = stats.GetProperty("gateways").EnumerateArray().Concat(stats.GetProperty("silos").EnumerateArray()).Select(part => string.Join(
            ' ',
            [
                part.GetProperty("id").GetString()!,
                part.GetProperty("connections").ToString(),
                part.GetProperty("migrating").ToString(),
                .. totals.Select(total => part.GetProperty("totals").GetProperty(total).ToString()),
            ]));
        return string.Join('\n', figures.Concat(parts));

        string Duration(string name)
        {
            var ms = durations.GetProperty(name).GetDouble();
            return ms >= 1_000
                ? string.Create(CultureInfo.InvariantCulture, $"{ms / 1_000:0.00} s")
                : string.Create(CultureInfo.InvariantCulture, $"{ms:0.0} ms");
        }
    }

    private async Task<double> CompletedAsync() => (await StatsAsync()).GetProperty("totals").GetProperty("completed").GetDouble();

    private async Task<JsonElement> StatsAsync()
    {
        var result = await Tool.RunAsync(Limit, "admin", "stats", "--json", "--data", stack.Data);
        Assert.True(result.ExitCode == 0, result.ToString());
        return result.Json;
    }
}
