namespace QuicChat.Benchmarks.SignalR;

/// <summary>How a message arrived.</summary>
internal enum Arrival
{
    /// <summary>After all of its publisher that arrived before.</summary>
    InOrder,

    /// <summary>Behind one that its publisher sent later.</summary>
    Late,

    /// <summary>Not for the first time.</summary>
    Again,
}
