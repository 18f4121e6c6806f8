using QuicChat.Cli.Load;

namespace QuicChat.Cli.Tests.Load;

public sealed class LoadResultTests
{
    private static readonly LoadSettings Quiet = new()
    {
        Connections = 2,
        Rooms = 1,
        Members = 2,
        Publishers = 1,
        WarmUp = TimeSpan.Zero,
        Duration = TimeSpan.FromMilliseconds(1),
    };

    [Fact]
    public async Task Publishes_that_the_server_refuses_are_a_fault()
    {
        var result = await RunAsync(Quiet);

        Assert.True(result.Refused > 0);
        Assert.Contains($"{result.Unacknowledged} not acknowledged, {result.Refused} of them refused", result.Faults());
    }

    [Fact]
    public async Task Publishes_without_an_answer_are_none_where_connections_were_disturbed()
    {
        var result = await RunAsync(Quiet with { Storm = TimeSpan.Zero, Duration = TimeSpan.FromMilliseconds(10) });

        Assert.True(result.Unacknowledged > 0);
        Assert.DoesNotContain(result.Faults(), fault => fault.Contains("not acknowledged", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_was_due_and_not_sent_is_a_fault_unless_the_run_was_interrupted()
    {
        var result = await RunAsync(Quiet) with { Unsent = 3 };

        Assert.Contains("3 due and not sent", result.Faults());
        Assert.DoesNotContain("3 due and not sent", (result with { Partial = true }).Faults());
    }

    private static Task<LoadResult> RunAsync(LoadSettings settings) => LoadRun.RunAsync(
        settings,
        new FakeSubject((index, context) => new FakeClient
        {
            Index = index,
            Publish = _ =>
            {
                context.Meter.OnPublished();
                context.Meter.OnRefused();
                return Task.FromResult(false);
            },
        }),
        _ => { },
        TestContext.Current.CancellationToken);
}
