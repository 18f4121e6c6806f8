namespace QuicChat.Cli.Status;

/// <summary>The JSON object of <c>status</c>.</summary>
/// <param name="Ready">Whether all parts serve.</param>
/// <param name="Error">What is wrong first of all; <see langword="null"/> where nothing is.</param>
/// <param name="Process">The process ID of <c>up</c>; <see langword="null"/> where there is no stack.</param>
/// <param name="Parts">The parts of the stack.</param>
internal sealed record StatusReport(bool Ready, string? Error, int? Process, IReadOnlyList<PartStatus> Parts)
{
    /// <summary>There is no stack.</summary>
    public static StatusReport None(string error) => new(false, error, null, []);

    /// <summary>What was found out about the parts of a stack.</summary>
    public static StatusReport Of(int process, IReadOnlyList<PartStatus> parts)
    {
        var broken = parts.FirstOrDefault(part => !part.Ready);
        return new StatusReport(broken is null, broken is null ? null : $"{broken.Name}: {broken.Error}", process, parts);
    }
}
