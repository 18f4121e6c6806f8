using System.CommandLine;

namespace QuicChat.Cli.Verbs;

/// <summary>Turns what the parser found wrong into one line.</summary>
internal static class UsageError
{
    /// <summary>The first error that a reader can act on, and where to read more.</summary>
    public static string Describe(ParseResult parsed)
    {
        // The parser puts "Required command was not provided" before the word that it did not know; the word says more.
        var command = parsed.CommandResult.Command;
        var message = parsed.UnmatchedTokens is [var unknown, ..] ? Unknown(unknown, command)
            : command.Subcommands is [_, ..] ? $"give a verb: {string.Join(", ", command.Subcommands.Select(verb => verb.Name))}"
            : parsed.Errors[0].Message;
        return Describe(command, message);
    }

    /// <summary>What is wrong with the options of <paramref name="command"/>, and where to read more.</summary>
    public static string Describe(Command command, string message) => $"{ToolException.Shorten(message).TrimEnd('.')}. See '{PathOf(command)} --help'.";

    private static string Unknown(string word, Command command)
    {
        var known = command.Subcommands.Select(subcommand => subcommand.Name)
            .Concat(command.Options.Select(option => option.Name));
        var near = known.Where(name => Distance(name, word) <= 2).MinBy(name => Distance(name, word));
        return $"'{word}' is not known here{(near is null ? "" : $"; did you mean '{near}'?")}".TrimEnd('?');
    }

    private static string PathOf(Command command)
    {
        var names = new List<string>();
        for (var symbol = (Symbol?)command; symbol is Command; symbol = symbol.Parents.FirstOrDefault())
        {
            names.Insert(0, symbol is RootCommand ? "quicchat" : symbol.Name);
        }

        return string.Join(' ', names);
    }

    // Levenshtein's distance: how many letters to add, drop or change.
    private static int Distance(string left, string right)
    {
        var previous = Enumerable.Range(0, right.Length + 1).ToArray();
        foreach (var (row, letter) in left.Index())
        {
            var current = new int[right.Length + 1];
            current[0] = row + 1;
            for (var column = 0; column < right.Length; column++)
            {
                var change = previous[column] + (letter == right[column] ? 0 : 1);
                current[column + 1] = Math.Min(change, Math.Min(previous[column + 1], current[column]) + 1);
            }

            previous = current;
        }

        return previous[^1];
    }
}
