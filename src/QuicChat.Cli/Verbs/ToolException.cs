namespace QuicChat.Cli.Verbs;

/// <summary>What was asked for cannot be done; the message is one line that says why and what to do.</summary>
internal class ToolException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>
    /// The text of what caused <paramref name="exception"/> in the first place, as one line without a full stop, and without the name of
    /// a parameter, which .NET appends and no user knows.
    /// </summary>
    public static string OneLine(Exception exception)
        => Shorten(exception.GetBaseException().Message.Split(" (Parameter '")[0]).TrimEnd('.');

    /// <summary>A text as one line of at most 300 characters.</summary>
    public static string Shorten(string text)
    {
        var line = text.ReplaceLineEndings(" ").Trim();
        return line.Length <= 300 ? line : line[..299] + "…";
    }
}
