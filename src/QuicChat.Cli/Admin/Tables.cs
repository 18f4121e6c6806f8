using System.Globalization;
using Spectre.Console;

namespace QuicChat.Cli.Admin;

/// <summary>Tables of what the cluster answers.</summary>
internal static class Tables
{
    /// <summary>An empty table; headings that begin with <c>&gt;</c> are those of numbers.</summary>
    public static Table Create(params string[] headings)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var heading in headings)
        {
            table.AddColumn(heading.StartsWith('>') ? new TableColumn(heading[1..]).RightAligned() : new TableColumn(heading));
        }

        return table;
    }

    /// <summary>Adds a row of plain texts.</summary>
    public static void Add(this Table table, params IEnumerable<string> cells) => table.AddRow([.. cells.Select(Markup.Escape)]);

    /// <summary>Shows the table, or says that there is nothing in it.</summary>
    public static void Show(this IAnsiConsole console, Table table, string none)
    {
        if (table.Rows.Count == 0)
        {
            console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"{none}");
        }
        else
        {
            console.Write(table);
        }
    }

    /// <summary>A count.</summary>
    public static string Text(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A time, in UTC.</summary>
    public static string Text(DateTimeOffset time) => time.ToString("u", CultureInfo.InvariantCulture);

    /// <summary>A duration, in milliseconds below ten seconds.</summary>
    public static string Text(TimeSpan duration) => duration < TimeSpan.FromSeconds(10)
        ? string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds:0.#} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds:0.#} s");
}
