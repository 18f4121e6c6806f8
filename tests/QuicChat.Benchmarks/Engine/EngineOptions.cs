namespace QuicChat.Benchmarks.Engine;

/// <summary>What the engine's benchmark measures.</summary>
internal sealed record EngineOptions
{
    /// <summary>How often each is measured, in turns with its peer.</summary>
    public required int Pairs { get; init; }

    /// <summary>Bytes of a transfer.</summary>
    public required long Bytes { get; init; }

    /// <summary>Handshakes a run.</summary>
    public required int Handshakes { get; init; }

    /// <summary>Idle connections whose memory is measured.</summary>
    public required int Connections { get; init; }

    /// <summary>The one measurement to make; <see langword="null"/>, all.</summary>
    public string? Only { get; init; }
}
