namespace QuicChat.Gateway.Diagnostics;

/// <summary>What an operator wants to know of one gateway at a moment.</summary>
internal sealed record GatewayStatus
{
    /// <summary>Its name in the cluster.</summary>
    public required string Id { get; init; }

    /// <summary>Its number in connection IDs; <see langword="null"/> before the cluster has given it one.</summary>
    public required uint? ServerId { get; init; }

    /// <summary>Its cluster.</summary>
    public required string ClusterId { get; init; }

    /// <summary>Its QUIC engine, <c>ngtcp2</c> or <c>system</c>.</summary>
    public required string Engine { get; init; }

    /// <summary>The version of its program.</summary>
    public required string Version { get; init; }

    /// <summary>Its process.</summary>
    public required int ProcessId { get; init; }

    /// <summary>When it was started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Where it listens for clients; <see langword="null"/> before it does.</summary>
    public required string? EndPoint { get; init; }

    /// <summary>Where clients are told to reach it; <see langword="null"/> before it listens.</summary>
    public required string? Advertised { get; init; }

    /// <summary>Where other gateways reach it; <see langword="null"/> where they do not.</summary>
    public required string? Link { get; init; }

    /// <summary>Whether clients should be sent to it.</summary>
    public bool IsReady => WhyUnready is null;

    /// <summary>Why they should not; <see langword="null"/> where they should.</summary>
    public required string? WhyUnready { get; init; }

    /// <summary>Whether the cluster counts on it: its lease was renewed and has not run out since.</summary>
    public required bool HoldsLease { get; init; }

    /// <summary>Whether it sends its clients elsewhere.</summary>
    public required bool IsDraining { get; init; }

    /// <summary>Its connections, those that have not said who they are among them.</summary>
    public required int Connections { get; init; }

    /// <summary>The rooms that it has members in.</summary>
    public required int Rooms { get; init; }

    /// <summary>Their members here: joined room streams.</summary>
    public required int RoomStreams { get; init; }
}
