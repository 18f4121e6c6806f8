using System.Text.Json;

namespace QuicChat.Benchmarks.Engine;

/// <summary>The results as text.</summary>
internal static class EngineReport
{
    /// <summary>One line of JSON: the workloads by name, each with medians, the ratio and its quartiles.</summary>
    public static string ToJson(EngineOptions options, IReadOnlyList<Measurement> results, bool isPartial) => JsonSerializer.Serialize(
        new
        {
            options.Pairs,
            options.Bytes,
            options.Handshakes,
            options.Connections,
            Partial = isPartial,
            Workloads = results.ToDictionary(result => result.Name, MeasurementText.ToValue),
        },
        JsonSerializerOptions.Web);
}
