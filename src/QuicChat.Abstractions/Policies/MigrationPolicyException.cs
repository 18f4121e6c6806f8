namespace QuicChat.Abstractions.Policies;

/// <summary>A text is no migration policy. The message names the line and what is wrong there.</summary>
/// <param name="line">The line, from 1.</param>
/// <param name="reason">What is wrong.</param>
public sealed class MigrationPolicyException(long line, string reason) : FormatException($"line {line}: {reason}")
{
    /// <summary>The line, from 1.</summary>
    public long Line { get; } = line;
}
