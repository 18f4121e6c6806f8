namespace QuicChat.Benchmarks.Compare;

/// <summary>One run of a program that measures.</summary>
/// <param name="Name">Its name within its side of the workload.</param>
/// <param name="Program">The program.</param>
/// <param name="Options">Its options.</param>
/// <param name="More">Those that depend on what the trials of this side before it found.</param>
internal sealed record Trial(string Name, BenchProgram Program, string Options, Trial.Later? More = null)
{
    /// <summary>All its options.</summary>
    public string OptionsAfter(Found found) => More is null ? Options : $"{Options} {More.After(found)}";

    /// <summary>All its options, before anything was found.</summary>
    public string OptionsText => More is null ? Options : $"{Options} {More.Text}";

    /// <summary>Options that are known only later.</summary>
    /// <param name="After">Makes them of what was found.</param>
    /// <param name="Text">What stands for them until then.</param>
    internal sealed record Later(Func<Found, string> After, string Text);
}
