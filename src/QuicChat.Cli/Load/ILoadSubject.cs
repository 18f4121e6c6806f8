using System.Collections.Immutable;

namespace QuicChat.Cli.Load;

/// <summary>What a load is put on: how clients come to it, and what it costs.</summary>
internal interface ILoadSubject
{
    /// <summary>The processes whose cost is read, apart from this one.</summary>
    ImmutableArray<ProcessMeter> Processes { get; }

    /// <summary>Connects a client and lets it join its room.</summary>
    /// <exception cref="Verbs.ToolException">It cannot.</exception>
    Task<ILoadClient> StartClientAsync(int index, LoadContext context, CancellationToken cancellationToken);

    /// <summary>Cuts the clients off that are to be, or lets them be back.</summary>
    void Blackhole(bool isOn);
}
