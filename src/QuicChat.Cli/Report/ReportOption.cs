using System.CommandLine;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Report;

/// <summary>The option that asks for a report as a page.</summary>
internal static class ReportOption
{
    /// <summary>Makes it.</summary>
    public static Option<string?> Create(string description) => Choice.Checked(
        "--report", "DIR", description, directory => string.IsNullOrWhiteSpace(directory) ? "the name of the directory is empty" : null);

    /// <summary>The command line that led to a result, for the page to tell.</summary>
    public static string Command(ParseResult parsed) => Command(parsed.Tokens.Select(token => token.Value));

    /// <summary>The same, from its words behind the tool's name.</summary>
    public static string Command(IEnumerable<string> words) => $"./quicchat {string.Join(' ', words.Select(Quote))}";

    private static string Quote(string word)
        => word.Length > 0 && word.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_=./:,%+@".Contains(letter, StringComparison.Ordinal))
            ? word
            : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
