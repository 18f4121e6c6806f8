using System.Globalization;
using Spectre.Console;

namespace QuicChat.Cli.Load;

/// <summary>A result for people.</summary>
internal static class LoadTable
{
    /// <summary>Draws it.</summary>
    public static Grid Of(LoadResult result)
    {
        var grid = new Grid().AddColumn().AddColumn();
        if (result.Partial)
        {
            grid.AddRow("partial", "it was interrupted");
        }

        var load = result.Load;
        Add(
            grid,
            "load",
            $"{load.Connections} connections, {load.Rooms} rooms of {load.Members}, {load.Publishers} of them publish");
        Add(
            grid,
            "rate",
            $"{result.PublishedPerSecond:0} published, {result.DeliveredPerSecond:0} delivered a second, over {result.Seconds:0.#} s");
        Add(
            grid,
            "messages",
            $"{result.Published} published, {result.Delivered} of {result.Expected} delivered, {result.Unacknowledged} not acknowledged");
        Add(
            grid,
            "wrong",
            $"{result.Lost} lost, {result.Duplicated} duplicated, {result.Reordered} reordered, {result.Foreign} foreign");
        Add(grid, "not sent", $"{result.Unsent} that were due");
        Add(grid, "connects", $"{result.ConnectedPerSecond:0} a second; {Text(result.ConnectMs)}");
        foreach (var (name, times) in new[]
        {
            ("delivery", result.DeliveryMs),
            ("acknowledgement", result.AckMs),
            ("gap of publishers", result.GapMs.Publishers),
            ("gap of listeners", result.GapMs.Listeners),
            ("gap of the others", result.GapMs.Others),
            ("beyond, publishers", result.BeyondMs.Publishers),
            ("beyond, listeners", result.BeyondMs.Listeners),
        })
        {
            if (times.Count > 0)
            {
                grid.AddRow(name, Text(times));
            }
        }

        Add(
            grid,
            "paths",
            $"{result.PathChanges} made, {result.ChangesNotMade} not made, {result.Migrations} migrations, {result.Reconnects} reconnects");
        foreach (var step in result.Steps)
        {
            Add(grid, $"step {step.Connections}", $"{step.ConnectedPerSecond:0} connects a second");
            AddProcesses(grid, step.Processes);
        }

        if (result.Seconds > 0)
        {
            Add(grid, "cost", $"{result.AllocatedBytesPerSecond / 1e6:0.#} MB a second allocated by this process");
            AddProcesses(grid, result.Processes);
        }

        return grid;
    }

    private static void AddProcesses(Grid grid, IEnumerable<ProcessReport> processes)
    {
        foreach (var process in processes)
        {
            Add(grid, $"  {process.Name}", $"{process.CpuPercent:0.#} % of a core, {process.RssBytes / 1e6:0} MB");
        }
    }

    private static void Add(Grid grid, string name, FormattableString text)
        => grid.AddRow(name, text.ToString(CultureInfo.InvariantCulture));

    private static string Text(Distribution times) => string.Create(
        CultureInfo.InvariantCulture,
        $"{times.P50:0.#} ms (median), {times.P90:0.#} ms (p90), {times.P99:0.#} ms (p99), {times.P999:0.#} ms (p99.9), "
            + $"{times.Max:0.#} ms (longest)");
}
