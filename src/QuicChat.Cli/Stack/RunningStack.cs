using System.Collections.Immutable;
using System.Text.Json;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Stack;

/// <summary>A stack that serves: the content of <c>stack.json</c>, from which the other verbs learn all they need.</summary>
/// <param name="Process">The process ID of <c>up</c>.</param>
/// <param name="StartedAt">When all of it served.</param>
/// <param name="ClusterId">The Orleans cluster ID.</param>
/// <param name="ServiceId">The Orleans service ID.</param>
/// <param name="ConnectionString">The store's connection string.</param>
/// <param name="Fingerprint">SHA-256 of the gateways' certificate, 64 hex digits.</param>
/// <param name="Store">The built-in store; <see langword="null"/> where a Redis server was given.</param>
/// <param name="Silos">The silos.</param>
/// <param name="Gateways">The gateways.</param>
internal sealed record RunningStack(
    int Process,
    DateTimeOffset StartedAt,
    string ClusterId,
    string ServiceId,
    string ConnectionString,
    string Fingerprint,
    RunningStore? Store,
    ImmutableArray<RunningSilo> Silos,
    ImmutableArray<RunningGateway> Gateways)
{
    private static readonly JsonSerializerOptions Shape = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Writes the file, whole or not at all, readable by its owner alone: a connection string may hold a password.</summary>
    public void Save(DataFolder data) => DataFolder.WritePrivate(data.StackFile, JsonSerializer.Serialize(this, Shape) + "\n");

    /// <summary>Removes the file.</summary>
    public static void Remove(DataFolder data) => DataFolder.Delete(data.StackFile);

    /// <summary>Reads the file.</summary>
    /// <exception cref="ToolException">There is none, or it cannot be read.</exception>
    public static RunningStack Load(DataFolder data)
    {
        if (!Path.Exists(data.StackFile))
        {
            throw new ToolException($"nothing runs in '{data.Given}'; start it with '{data.Command("up")}'.");
        }

        var text = DataFolder.Access(data.StackFile, File.ReadAllText);
        try
        {
            var stack = JsonSerializer.Deserialize<RunningStack>(text, Shape);
            return stack is { ConnectionString: not null, Silos.IsDefault: false, Gateways.IsDefault: false }
                ? stack
                : throw new JsonException();
        }
        catch (JsonException e)
        {
            throw new ToolException($"'{data.StackFile}' describes no stack; start it again with '{data.Command("up")}'.", e);
        }
    }
}
