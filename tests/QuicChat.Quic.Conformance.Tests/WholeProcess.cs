using Xunit;

namespace QuicChat.Quic.Conformance.Tests;

/// <summary>Tests that need all of the process; nothing else runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class WholeProcess
{
    public const string Name = "Whole process";
}
