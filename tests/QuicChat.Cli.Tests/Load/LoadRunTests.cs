using System.Diagnostics;
using QuicChat.Cli.Load;

namespace QuicChat.Cli.Tests.Load;

public sealed class LoadRunTests
{
    private static readonly LoadSettings Idle = new()
    {
        Connections = 2,
        Rooms = 0,
        Members = 1,
        Publishers = 0,
        ConnectParallel = 1,
        WarmUp = TimeSpan.Zero,
        Duration = TimeSpan.FromMilliseconds(1),
    };

    [Fact]
    public async Task A_ramp_that_is_interrupted_tells_the_rate_of_those_that_connected()
    {
        using var interruption = new CancellationTokenSource();
        var result = await RunAsync(
            Idle,
            new FakeSubject((index, _) =>
            {
                interruption.Cancel();
                return new FakeClient { Index = index };
            }),
            interruption.Token);

        Assert.True(result.Partial);
        Assert.Equal(1, result.Load.Connections);
        Assert.True(result.ConnectedPerSecond > 0, "The time of the step that was interrupted is missing.");
    }

    [Fact]
    public async Task A_process_that_ends_during_the_run_is_a_fault_by_its_name()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has /proc.");
        using var server = Process.Start(new ProcessStartInfo("sleep", "600"))!;
        var result = await RunAsync(
            Idle,
            new FakeSubject((index, _) =>
            {
                server.Kill();
                server.WaitForExit();
                return new FakeClient { Index = index };
            })
            {
                Processes = [new ProcessMeter("gw-1", server.Id)],
            });

        Assert.Equal(["gw-1"], result.ProcessesGone);
        Assert.Equal(["gw-1 ended during the run"], result.Faults());
        Assert.Equal(["load"], result.Processes.Select(process => process.Name));
    }

    [Fact]
    public async Task Changes_under_way_at_the_end_are_waited_for_until_they_are_made_and_told_as_completed()
    {
        var result = await RunAsync(Idle with { Storm = TimeSpan.Zero, Duration = TimeSpan.FromMilliseconds(600) }, Moving(isMade: true));

        // The second of the two is due half a second on.
        Assert.Equal((2, 0, 2), (result.PathChanges, result.ChangesNotMade, result.Migrations));
        Assert.Empty(result.Faults());
    }

    [Fact]
    public async Task Changes_that_could_not_be_made_do_not_count_and_are_a_fault()
    {
        var result = await RunAsync(Idle with { Storm = TimeSpan.Zero, Duration = TimeSpan.FromMilliseconds(600) }, Moving(isMade: false));

        Assert.Equal((0, 2), (result.PathChanges, result.ChangesNotMade));
        Assert.Equal(["2 path changes not made"], result.Faults());
    }

    // Each change is made only after the measured time, and the server tells of its end at the second look for it.
    private static FakeSubject Moving(bool isMade) => new((index, context) =>
    {
        var (meter, looks) = (context.Meter, 0);
        return new FakeClient
        {
            Index = index,
            Move = async () =>
            {
                meter.OnChangeBegun();
                while (meter.StoppedAt == long.MaxValue)
                {
                    await Task.Delay(1);
                }

                if (isMade)
                {
                    meter.OnPathChange(meter.Now);
                }
            },
            Changing = () =>
            {
                if (isMade && ++looks == 2)
                {
                    meter.OnMigration();
                }

                return isMade && looks < 2;
            },
        };
    });

    private static Task<LoadResult> RunAsync(LoadSettings settings, FakeSubject subject, CancellationToken? interruption = null)
        => LoadRun.RunAsync(settings, subject, _ => { }, interruption ?? TestContext.Current.CancellationToken);
}
