namespace QuicChat.Fuzz;

/// <summary>Something that takes bytes from anyone, and what must hold whatever they are.</summary>
internal interface IFuzzTarget : IDisposable
{
    /// <summary>Takes one input. What it throws is a finding, as is what ends the process.</summary>
    void Run(ReadOnlySpan<byte> input);

    /// <summary>Inputs to begin with, where no file of the corpus is needed to have them.</summary>
    IEnumerable<byte[]> Seeds => [];
}
