namespace QuicChat.Benchmarks.Engine;

/// <summary>What a measurement has to meet.</summary>
/// <param name="Limit">The figure.</param>
/// <param name="IsLeast">Whether it is the least; else the most.</param>
/// <param name="IsOfRatio">Whether it is of the ratio to the peer; else of our own figure.</param>
internal sealed record Budget(double Limit, bool IsLeast, bool IsOfRatio);
