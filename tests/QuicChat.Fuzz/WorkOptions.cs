using System.Globalization;

namespace QuicChat.Fuzz;

/// <summary>What the program is told.</summary>
internal sealed record WorkOptions
{
    /// <summary>The targets; none stands for all.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>How long, over all targets; 0: only the inputs that there are.</summary>
    public double Seconds { get; init; }

    /// <summary>What chance begins with.</summary>
    public int Seed { get; init; } = Random.Shared.Next();

    /// <summary>Whether coverage guides.</summary>
    public bool IsGuided { get; init; }

    /// <summary>Whether inputs that add coverage are kept in the corpus.</summary>
    public bool Keeps { get; init; }

    /// <summary>Where the corpus is, a folder for each target.</summary>
    public string Corpus { get => field ?? Path.Combine(Root.Path, "tests", "QuicChat.Fuzz", "Corpus"); init; }

    /// <summary>Where findings go.</summary>
    public string Output { get => field ?? Path.Combine(Root.Path, "artifacts", "fuzz"); init; }

    /// <exception cref="UsageException">An option is not known, or lacks its value.</exception>
    public static WorkOptions Parse(ReadOnlySpan<string> arguments)
    {
        var options = new WorkOptions();
        while (!arguments.IsEmpty)
        {
            var option = arguments[0];
            var takesValue = option is "--target" or "--seconds" or "--seed" or "--corpus" or "--output";
            var value = !takesValue ? "" : arguments.Length > 1 ? arguments[1] : throw new UsageException($"'{option}' takes a value.");
            options = option switch
            {
                "--target" => options with { Targets = [.. options.Targets, value] },
                "--seconds" => options with { Seconds = Number(option, value) },
                "--seed" => options with { Seed = (int)Number(option, value) },
                "--corpus" => options with { Corpus = value },
                "--output" => options with { Output = value },
                "--guided" => options with { IsGuided = true },
                "--keep" => options with { Keeps = true },
                _ => throw new UsageException($"There is no option '{option}'."),
            };
            arguments = arguments[(takesValue ? 2 : 1)..];
        }

        return options;
    }

    private static double Number(string option, string value)
        => double.TryParse(value, CultureInfo.InvariantCulture, out var number) && number is >= 0 and <= int.MaxValue
            ? number
            : throw new UsageException($"'{option}' takes a number of 0 or more, and not '{value}'.");
}
