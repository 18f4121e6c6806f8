using System.CommandLine;
using QuicChat.Abstractions.Migrations;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Admin;

/// <summary>The option <c>--reason</c> of verbs that end connections: one plain line, for the client and the cluster's records.</summary>
internal static class ReasonOption
{
    /// <summary>Makes the option.</summary>
    public static Option<string?> Of(string description) => Choice.Checked("--reason", "TEXT", description, Check);

    private static string? Check(string? reason)
        => string.IsNullOrWhiteSpace(reason) ? "the reason is empty; say why"
            : reason.Length > MigrationLimits.ReasonLength ? $"the reason has {reason.Length} characters; {MigrationLimits.ReasonLength} are allowed"
            : reason.Any(char.IsControl) ? "the reason has control characters; write it as one plain line"
            : null;
}
