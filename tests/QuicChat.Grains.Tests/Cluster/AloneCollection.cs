using Xunit;

namespace QuicChat.Grains.Tests.Cluster;

/// <summary>Tests that need the machine for themselves: they measure, or load it fully.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
