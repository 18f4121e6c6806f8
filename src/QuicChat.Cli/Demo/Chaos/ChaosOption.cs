using System.Collections.Immutable;
using System.CommandLine;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Demo.Chaos;

/// <summary>The option that says what to break.</summary>
internal static class ChaosOption
{
    private const string All = "all";

    /// <summary>Makes it.</summary>
    public static Option<ImmutableArray<ChaosFault>> Create()
    {
        var option = Choice.Of(
            "--chaos",
            "WHAT,…",
            $"Breaks things instead and checks that nothing acknowledged is lost: {string.Join(", ", Names())} or {All}.",
            Parse);
        option.DefaultValueFactory = _ => [];
        return option;
    }

    private static IEnumerable<string> Names() => Enum.GetNames<ChaosFault>().Select(name => name.ToLowerInvariant());

    private static ImmutableArray<ChaosFault> Parse(string text) => text == All
        ? [.. Enum.GetValues<ChaosFault>()]
        :
        [
            .. text.Split(',').Select(word => Names().Contains(word)
                ? Enum.Parse<ChaosFault>(word, ignoreCase: true)
                : throw new FormatException($"'{word}' cannot be broken; give {string.Join(", ", Names())} or {All}")),
        ];
}
