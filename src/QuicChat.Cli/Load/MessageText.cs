using System.Globalization;

namespace QuicChat.Cli.Load;

/// <summary>
/// A message of the load: the run's mark, who published it, its number among theirs and when it was due, in hexadecimal; then padding.
/// </summary>
/// <param name="Publisher">The client that published it.</param>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Due">When it was due, in microseconds since the run's start.</param>
internal readonly record struct MessageText(int Publisher, int Number, long Due)
{
    /// <summary>The length without padding.</summary>
    public const int Length = MarkLength + PublisherLength + NumberLength + DueLength;

    /// <summary>The length of a run's mark.</summary>
    public const int MarkLength = 8;

    private const int PublisherLength = 6;
    private const int NumberLength = 8;
    private const int DueLength = 10;

    /// <summary>Writes it with a length of <paramref name="bytes"/>.</summary>
    public string Write(string mark, int bytes) => string.Create(bytes, (mark, Text: this), static (span, state) =>
    {
        state.mark.CopyTo(span);
        span[MarkLength..].Fill('.');
        var rest = span[MarkLength..];
        state.Text.Publisher.TryFormat(rest, out _, "x6", CultureInfo.InvariantCulture);
        state.Text.Number.TryFormat(rest[PublisherLength..], out _, "x8", CultureInfo.InvariantCulture);
        state.Text.Due.TryFormat(rest[(PublisherLength + NumberLength)..], out _, "x10", CultureInfo.InvariantCulture);
    });

    /// <summary>Reads one of the run with that mark.</summary>
    public static bool TryRead(string text, string mark, out MessageText message)
    {
        message = default;
        if (text.Length < Length || !text.StartsWith(mark, StringComparison.Ordinal))
        {
            return false;
        }

        var rest = text.AsSpan(MarkLength, Length - MarkLength);
        if (!int.TryParse(rest[..PublisherLength], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var publisher)
            || !int.TryParse(
                rest.Slice(PublisherLength, NumberLength), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
            || !long.TryParse(rest[^DueLength..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var due))
        {
            return false;
        }

        message = new MessageText(publisher, number, due);
        return true;
    }
}
