using System.CommandLine;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Protocol;

namespace QuicChat.Cli.Token;

/// <summary><c>token</c>: prints a development token.</summary>
internal sealed class TokenVerb : Verb
{
    private static readonly TimeSpan UsualLifetime = TimeSpan.FromHours(1);

    private readonly Option<string?> _user = Choice.Checked("--user", "ID", "The user's ID.", ProtocolRules.CheckUserId);
    private readonly Option<string?> _name = Choice.Checked("--name", "NAME", "The user's name; without it the ID.", ProtocolRules.CheckUserName);
    private readonly Option<string[]> _rooms = RoomsOption.Create();
    private readonly Option<TimeSpan?> _expires = Choice.Duration(
        "--expires", "0s", "365d", "How long the token is valid; 1h unless given.");

    /// <summary>Defines the verb.</summary>
    public TokenVerb()
        : base(
            "token",
            "Prints a development token that the gateways of this machine's stack accept.",
            "./quicchat token --user ann",
            "./quicchat token --user ann --name 'Ann Lee' --expires 8h",
            "./quicchat token --user ann --rooms private:team --rooms 'private:project-*'")
    {
        _user.Required = true;
        AddOptions(_user, _name, _rooms, _expires);
    }

    /// <inheritdoc />
    protected override Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
    {
        var user = parsed.GetRequiredValue(_user)!;
        var now = DateTimeOffset.UtcNow;
        var lifetime = parsed.GetValue(_expires) ?? UsualLifetime;
        var token = DevelopmentToken.Create(context.Data, user, parsed.GetValue(_name) ?? user, parsed.GetRequiredValue(_rooms), lifetime, now);
        if (context.Json)
        {
            context.WriteJson(new { token, user, expires = now + lifetime });
        }
        else
        {
            context.Output.WriteLine(token);
        }

        return Task.FromResult(ExitCode.Held);
    }
}
