namespace QuicChat.Abstractions.Migrations;

/// <summary>As many observe migrations as may.</summary>
[GenerateSerializer, Alias("quicchat.migration.too-many-observers")]
public sealed class TooManyObserversException : Exception
{
    /// <summary>Says how many there are, and what to do.</summary>
    /// <param name="message">One line.</param>
    public TooManyObserversException(string message)
        : base(message)
    {
    }
}
