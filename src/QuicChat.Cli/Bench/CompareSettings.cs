using System.Collections.Immutable;

namespace QuicChat.Cli.Bench;

/// <summary>What of the comparison is run.</summary>
/// <param name="Pairs">How often each side of each workload runs, in turns.</param>
/// <param name="IsQuick">Whether shorter trials with fewer connections are enough.</param>
/// <param name="Only">The workloads to run, by their keys; none is all.</param>
/// <param name="Report">Where the page goes; <see langword="null"/> where none is asked for.</param>
/// <param name="IsList">Whether the trials are only listed.</param>
internal sealed record CompareSettings(
    int Pairs, bool IsQuick, ImmutableArray<string> Only, string? Report = null, bool IsList = false)
{
    /// <summary>Pairs from which on a budget is judged.</summary>
    public const int PairsToJudge = 5;

    /// <summary>The QUIC engine's transfer of many bytes.</summary>
    public const string Bulk = "bulk";

    /// <summary>The QUIC engine's full handshakes.</summary>
    public const string Handshakes = "handshakes";

    /// <summary>The workloads of whole systems.</summary>
    public static readonly ImmutableArray<string> SystemKeys = ["W1", "W2", "W3", "W4", "W5", "W6", "migration"];

    /// <summary>All workloads.</summary>
    public static readonly ImmutableArray<string> Keys = [.. SystemKeys, Bulk, Handshakes];

    /// <summary>Whether one of the QUIC engine's is to be run.</summary>
    public bool IncludesEngine => Includes(Bulk) || Includes(Handshakes);

    /// <summary>Whether a workload is to be run.</summary>
    public bool Includes(string key) => Only.IsEmpty || Only.Contains(key, StringComparer.OrdinalIgnoreCase);
}
