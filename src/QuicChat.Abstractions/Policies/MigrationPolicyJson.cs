using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace QuicChat.Abstractions.Policies;

/// <summary>
/// Migration policies as JSON: <c>{ "allowedNetworks": [], "deniedNetworks": ["10.1.0.0/16"], "preferredNetworks": [], "allowFamilyChange": true,
/// "maxMigrationsPerMinute": 30 }</c>. What is not there is not restricted; comments and trailing commas are allowed.
/// </summary>
public static class MigrationPolicyJson
{
    private static readonly JsonReaderOptions ReaderOptions = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    private static readonly JsonWriterOptions WriterOptions = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads a policy.</summary>
    /// <exception cref="MigrationPolicyException">It is none.</exception>
    public static MigrationPolicy Parse(ReadOnlySpan<byte> text)
    {
        text = text.StartsWith(Encoding.UTF8.Preamble) ? text[Encoding.UTF8.Preamble.Length..] : text;
        var reader = new Utf8JsonReader(text, ReaderOptions);
        try
        {
            var policy = ReadPolicy(ref reader, text);
            while (reader.Read())
            {
            }

            return policy;
        }
        catch (InvalidOperationException)
        {
            // The reader's word for a string that is no text: bytes that are not UTF-8, or an escape of half a character.
            throw new MigrationPolicyException(1 + text[..(int)reader.TokenStartIndex].Count((byte)'\n'), "a string here is not Unicode text");
        }
        catch (JsonException error)
        {
            var line = (error.LineNumber ?? 0) + 1;
            if (text.Trim(" \t\r\n"u8).IsEmpty)
            {
                throw new MigrationPolicyException(line, "nothing is there; a policy is an object: { … }");
            }

            // Its message ends with where, which is said here already.
            throw new MigrationPolicyException(line, $"this is not JSON ({error.Message.Split(" LineNumber:", 2)[0].TrimEnd('.')})");
        }
    }

    /// <summary>Writes a policy as <see cref="Parse"/> reads it.</summary>
    public static string Format(MigrationPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, WriterOptions))
        {
            writer.WriteStartObject();
            WriteNetworks(writer, "allowedNetworks", policy.AllowedNetworks);
            WriteNetworks(writer, "deniedNetworks", policy.DeniedNetworks);
            WriteNetworks(writer, "preferredNetworks", policy.PreferredNetworks);
            writer.WriteBoolean("allowFamilyChange", policy.AllowFamilyChange);
            if (policy.MaxMigrationsPerMinute is { } limit)
            {
                writer.WriteNumber("maxMigrationsPerMinute", limit);
            }
            else
            {
                writer.WriteNull("maxMigrationsPerMinute");
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static MigrationPolicy ReadPolicy(ref Utf8JsonReader reader, ReadOnlySpan<byte> text)
    {
        var policy = MigrationPolicy.Open;
        var seen = new HashSet<string>();
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw Error(reader, text, "a policy is an object: { … }");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            if (!seen.Add(name))
            {
                throw Error(reader, text, $"'{name}' stands here twice");
            }

            policy = name switch
            {
                "allowedNetworks" => policy with { AllowedNetworks = ReadNetworks(ref reader, text, name) },
                "deniedNetworks" => policy with { DeniedNetworks = ReadNetworks(ref reader, text, name) },
                "preferredNetworks" => policy with { PreferredNetworks = ReadNetworks(ref reader, text, name) },
                "allowFamilyChange" => policy with { AllowFamilyChange = ReadBoolean(ref reader, text, name) },
                "maxMigrationsPerMinute" => policy with { MaxMigrationsPerMinute = ReadLimit(ref reader, text, name) },
                _ => throw Error(
                    reader,
                    text,
                    $"'{name}' is unknown; there are allowedNetworks, deniedNetworks, preferredNetworks, allowFamilyChange and maxMigrationsPerMinute"),
            };
        }

        return policy;
    }

    private static ImmutableArray<string> ReadNetworks(ref Utf8JsonReader reader, ReadOnlySpan<byte> text, string name)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            throw Error(reader, text, $"{name} is a list: [\"10.0.0.0/8\", …]");
        }

        var networks = ImmutableArray.CreateBuilder<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.String)
            {
                throw Error(reader, text, $"{name} lists networks as strings such as \"10.0.0.0/8\"");
            }

            var network = reader.GetString()!;
            if (!MigrationPolicy.IsNetwork(network))
            {
                throw Error(reader, text, $"{name}: {MigrationPolicy.DescribeBadNetwork(network)}");
            }

            networks.Add(network);
        }

        return networks.DrainToImmutable();
    }

    private static bool ReadBoolean(ref Utf8JsonReader reader, ReadOnlySpan<byte> text, string name)
        => reader.Read() && reader.TokenType is JsonTokenType.True or JsonTokenType.False
            ? reader.GetBoolean()
            : throw Error(reader, text, $"{name} is true or false");

    private static int? ReadLimit(ref Utf8JsonReader reader, ReadOnlySpan<byte> text, string name)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.Null ? null
            : reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number) && number is >= 1 and <= MigrationPolicy.MostPerMinute ? number
            : throw Error(reader, text, $"{name} is a whole number from 1 to {MigrationPolicy.MostPerMinute}, or null for any number");
    }

    private static MigrationPolicyException Error(in Utf8JsonReader reader, ReadOnlySpan<byte> text, string reason)
        => new(1 + text[..(int)reader.TokenStartIndex].Count((byte)'\n'), reason);

    private static void WriteNetworks(Utf8JsonWriter writer, string name, ImmutableArray<string> networks)
    {
        writer.WriteStartArray(name);
        foreach (var network in networks)
        {
            writer.WriteStringValue(network);
        }

        writer.WriteEndArray();
    }
}
