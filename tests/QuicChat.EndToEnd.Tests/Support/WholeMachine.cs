using Xunit;

namespace QuicChat.EndToEnd.Tests.Support;

/// <summary>
/// Tests of what a system does in time, such as coming back within so many seconds. They run one after another and beside no others,
/// for a machine may have no more than two cores.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class WholeMachine
{
    public const string Name = "whole machine";
}
