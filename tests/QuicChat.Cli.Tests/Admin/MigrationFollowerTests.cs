using System.Collections.Immutable;
using System.Text.Json;
using QuicChat.Abstractions.Migrations;
using QuicChat.Cli.Admin;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Tests.Admin;

public sealed class MigrationFollowerTests : IDisposable
{
    private static readonly MigrationEvent Began = new(
        MigrationEventType.Began,
        "00000001c2f0a1b2c3d4e5f60718293a",
        "ann",
        "gw-1",
        "192.0.2.1:1000",
        "192.0.2.1:2000",
        MigrationKind.PortOnly,
        new DateTimeOffset(2026, 1, 1, 12, 0, 0, 42, TimeSpan.Zero),
        null,
        null,
        false,
        null);

    private static readonly MigrationEvent Completed = Began with
    {
        Type = MigrationEventType.Ended,
        Outcome = MigrationOutcome.Completed,
        Duration = TimeSpan.FromMilliseconds(12.34),
    };

    private static readonly MigrationEvent Failed = Completed with { Outcome = MigrationOutcome.Failed, Duration = TimeSpan.FromSeconds(30), Reason = "no answer" };

    private readonly StringWriter _output = new();
    private readonly Guid _stream = Guid.NewGuid();

    private string[] Lines => _output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public async Task An_event_is_a_line()
    {
        var follower = Follower(json: false);

        await follower.Observe(Batch(0, Began, Completed, Failed, Began with { Type = MigrationEventType.Denied, UserId = "a\u001b[31m", Reason = "a denied network" }));

        const string Start = "2026-01-01 12:00:00.042Z  00000001c2f0a1b2c3d4e5f60718293a  ";
        const string Middle = "  192.0.2.1:1000 → 192.0.2.1:2000  portOnly  ";
        Assert.Equal(
            [
                $"{Start}ann{Middle}began  gw-1  silo-1",
                $"{Start}ann{Middle}completed after 12.3 ms  gw-1  silo-1",
                $"{Start}ann{Middle}failed after 30 s  gw-1  silo-1  (no answer)",
                $"{Start}a·[31m{Middle}denied  gw-1  silo-1  (a denied network)",
            ],
            Lines);
    }

    [Fact]
    public async Task With_json_an_event_is_an_object_on_a_line()
    {
        var follower = Follower(json: true);

        await follower.Observe(Batch(0, Began, Completed));

        var (began, ended) = (JsonDocument.Parse(Lines[0]).RootElement, JsonDocument.Parse(Lines[1]).RootElement);
        Assert.Equal(("began", "ended"), (began.GetProperty("type").GetString(), ended.GetProperty("type").GetString()));
        Assert.Equal(began.EnumerateObject().Select(property => property.Name), ended.EnumerateObject().Select(property => property.Name));
        Assert.Equal(("completed", 12.3, "silo-1"), (ended.GetProperty("outcome").GetString(), ended.GetProperty("durationMs").GetDouble(), ended.GetProperty("silo").GetString()));
        Assert.Equal(JsonValueKind.Null, began.GetProperty("outcome").ValueKind);
    }

    [Fact]
    public async Task What_is_missing_in_a_stream_is_told_however_it_was_lost()
    {
        var follower = Follower(json: false);

        await follower.Observe(Batch(2, Began));
        await follower.Observe(Batch(3, Completed));
        await follower.Observe(Batch(1_238));
        await follower.Observe(Batch(0, Began) with { Stream = Guid.NewGuid() });

        Assert.Equal(5, Lines.Length);
        Assert.Equal(("… 2 events of silo-1 were missed.", "… 1,234 events of silo-1 were missed."), (Lines[0], Lines[3]));
    }

    [Fact]
    public async Task Only_failures_are_shown_where_only_they_are_asked_for()
    {
        var follower = Follower(json: true, failedOnly: true);

        await follower.Observe(Batch(0, Began, Completed, Failed));
        await follower.Observe(Batch(5));

        Assert.Equal(["ended", "missed"], Lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("type").GetString()));
    }

    public void Dispose() => _output.Dispose();

    private MigrationFollower Follower(bool json, bool failedOnly = false)
        => new(new VerbContext(new DataFolder(DataFolder.DefaultPath), json, _output, TextWriter.Null), failedOnly);

    private MigrationBatch Batch(long sequence, params ImmutableArray<MigrationEvent> events) => new("silo-1", _stream, sequence, 0, events);
}
