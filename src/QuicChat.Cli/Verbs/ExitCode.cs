namespace QuicChat.Cli.Verbs;

/// <summary>What the tool's exit codes say.</summary>
internal static class ExitCode
{
    /// <summary>It held.</summary>
    public const int Held = 0;

    /// <summary>It did not hold.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;
}
