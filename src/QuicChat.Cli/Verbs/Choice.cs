using System.CommandLine;
using System.Globalization;

namespace QuicChat.Cli.Verbs;

/// <summary>Makes options whose errors are one clear line.</summary>
internal static class Choice
{
    /// <summary>An option with a whole number between <paramref name="least"/> and <paramref name="most"/>.</summary>
    public static Option<int> Number(string name, int standard, int least, int most, string description)
    {
        var option = Of(name, "N", description, text => WholeNumber(text, least, most));
        option.DefaultValueFactory = _ => standard;
        return option;
    }

    /// <summary>An option with a whole number between <paramref name="least"/> and <paramref name="most"/>, absent unless given.</summary>
    public static Option<int?> NumberOrNone(string name, int least, int most, string description)
        => Of<int?>(name, "N", description, text => WholeNumber(text, least, most));

    /// <summary>An option with a duration between <paramref name="least"/> and <paramref name="most"/>, absent unless given.</summary>
    public static Option<TimeSpan?> Duration(string name, string least, string most, string description)
        => Of<TimeSpan?>(name, "TIME", description, text => Quantity.Duration(text) is var duration
            && duration >= Quantity.Duration(least) && duration <= Quantity.Duration(most)
            ? duration
            : throw new FormatException($"'{text}' is not between {least} and {most}"));

    /// <summary>An option with a percentage from 0 to 100, 0 unless given.</summary>
    public static Option<double> Percentage(string name, string description)
        => Of(name, "PERCENT", description, Quantity.Percentage);

    /// <summary>An option that <paramref name="read"/> reads; it throws <see cref="FormatException"/> for a wrong text.</summary>
    public static Option<T> Of<T>(string name, string helpName, string description, Func<string, T> read) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result =>
        {
            try
            {
                return read(result.Tokens[0].Value);
            }
            catch (FormatException e)
            {
                result.AddError($"{name}: {e.Message}");
                return default;
            }
        },
    };

    /// <summary>An option with text that <paramref name="check"/> finds nothing wrong with.</summary>
    public static Option<string?> Checked(string name, string helpName, string description, Func<string?, string?> check)
        => Of<string?>(name, helpName, description, text => check(text) is { } problem ? throw new FormatException(problem) : text);

    private static int WholeNumber(string text, int least, int most)
        => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most
            ? number
            : throw new FormatException($"'{text}' is not a whole number from {least} to {most}");
}
