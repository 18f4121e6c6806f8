namespace QuicChat.Cli.Status;

/// <summary>One process of a stack.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Pid">Its process ID.</param>
/// <param name="Address">Where it serves.</param>
/// <param name="Error">What is wrong with it; <see langword="null"/> where nothing is.</param>
internal sealed record PartStatus(string Name, int Pid, string Address, string? Error)
{
    /// <summary>Whether it serves.</summary>
    public bool Ready => Error is null;
}
