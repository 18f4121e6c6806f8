using System.CommandLine;
using QuicChat.Quic.Paths;

namespace QuicChat.Cli.Admin;

/// <summary>A connection ID on the command line.</summary>
internal static class ConnectionIdArgument
{
    /// <summary>An argument whose error is one clear line.</summary>
    public static Argument<string?> Of(string name, string description, bool isRequired = true) => new(name)
    {
        Description = description,
        Arity = isRequired ? ArgumentArity.ExactlyOne : ArgumentArity.ZeroOrOne,
        CustomParser = result => Read(result.Tokens[0].Value) ?? Refuse(result.AddError, result.Tokens[0].Value),
    };

    /// <summary>An option that names a connection.</summary>
    public static Option<string?> Option(string name, string description) => Verbs.Choice.Of<string?>(
        name, "ID", description, text => Read(text) ?? throw new FormatException(Describe(text)));

    private static string? Read(string text) => ConnectionId.TryParse(text, null, out var id) ? id.ToString() : null;

    private static string? Refuse(Action<string> addError, string text)
    {
        addError(Describe(text));
        return null;
    }

    private static string Describe(string text) => $"'{text}' is not a connection ID, which is 32 hex digits";
}
