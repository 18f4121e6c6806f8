using System.Text.Json;

namespace QuicChat.Cli.Admin;

/// <summary>Names of values as reports write them: <c>portOnly</c>, <c>migrationFailed</c>.</summary>
internal static class Words
{
    /// <summary>The word for a value.</summary>
    public static string Of<T>(T value)
        where T : struct, Enum
        => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
