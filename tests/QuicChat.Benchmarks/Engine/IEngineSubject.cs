using System.Diagnostics;
using QuicChat.Quic.Engines;

namespace QuicChat.Benchmarks.Engine;

/// <summary>A server that is measured, and how to have it send.</summary>
internal interface IEngineSubject : IAsyncDisposable
{
    /// <summary>The server's process.</summary>
    Process Server { get; }

    /// <summary>Where it listens, on the loopback.</summary>
    int Port { get; }

    /// <summary>How this engine's client connects to it.</summary>
    QuicClientOptions ClientOptions { get; }

    /// <summary>To be called before each transfer: measures what is not the transfer's own, and will be taken off it.</summary>
    Task PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Transfers bytes over one connection from the server to its own client.</summary>
    /// <returns>How long it took, without connecting.</returns>
    Task<TimeSpan> TransferAsync(long bytes, CancellationToken cancellationToken);
}
