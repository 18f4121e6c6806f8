using System.CommandLine;
using QuicChat.Abstractions.Users;
using QuicChat.Cli.Verbs;
using ErrorCode = QuicChat.Protocol.V1.ErrorCode;

namespace QuicChat.Cli.Admin;

/// <summary><c>admin kick</c>: closes connections.</summary>
internal sealed class KickVerb : AdminVerb
{
    private readonly Argument<string?> _id = ConnectionIdArgument.Of("ID", "The connection, 32 hex digits.", isRequired: false);
    private readonly Option<string?> _user = Choice.Checked("--user", "USER", "All connections of a user instead of one.", Protocol.ProtocolRules.CheckUserId);
    private readonly Option<string?> _reason = ReasonOption.Of("What the client is told.");

    /// <summary>Defines the verb.</summary>
    public KickVerb()
        : base(
            "kick",
            "Closes a connection, or all of a user, with the error code KICKED: the client does not come back by itself.",
            "./quicchat admin kick 00000001c2f0a1b2c3d4e5f60718293a --reason 'spam'",
            "./quicchat admin kick --user ann")
    {
        _reason.DefaultValueFactory = _ => "closed by an operator";
        Arguments.Add(_id);
        AddAdminOptions(_user, _reason);
    }

    /// <inheritdoc />
    protected override void Check(ParseResult parsed)
    {
        if (parsed.GetValue(_id) is null == string.IsNullOrEmpty(parsed.GetValue(_user)))
        {
            throw new UsageException("name one connection, or a user with --user");
        }
    }

    /// <inheritdoc />
    protected override async Task<int> RunAsync(
        ParseResult parsed, VerbContext context, ClusterConnection cluster, CancellationToken cancellationToken)
    {
        var user = parsed.GetValue(_user);
        var connections = user is null
            ? [parsed.GetValue(_id)!]
            : await cluster.AskAsync(grains => grains.GetGrain<IUserGrain>(user).GetConnections(), cancellationToken);
        if (connections.IsEmpty)
        {
            throw new ToolException($"the user '{user}' has no connection.");
        }

        var kicked = new List<string>();
        var left = new List<string>();
        foreach (var id in connections)
        {
            try
            {
                var gateway = await KickAsync(cluster, id, parsed.GetValue(_reason)!, cancellationToken);
                kicked.Add(id);
                context.Progress($"{id}: {gateway} was asked to close it");
            }
            catch (ToolException e)
            {
                // One that has just gone must not keep the others.
                left.Add(id);
                context.Progress($"quicchat: {e.Message}");
            }
        }

        if (context.Json)
        {
            context.WriteJson(new { kicked, left });
        }

        return left.Count == 0 ? ExitCode.Held : ExitCode.Failed;
    }

    private static async Task<string> KickAsync(ClusterConnection cluster, string id, string reason, CancellationToken cancellationToken)
    {
        var connection = await ConnectionVerb.FindAsync(cluster, id, cancellationToken);
        if (connection.FailureReason is { } failure)
        {
            throw new ToolException($"connection {id} has failed already: {failure.TrimEnd('.')}.");
        }

        var gateway = connection.Registration.GatewayId;
        return await cluster.AskAsync(
            grains => grains.Gateways().CloseConnection(gateway, id, (int)ErrorCode.Kicked, reason),
            cancellationToken)
            ? gateway
            : throw new ToolException($"the gateway '{gateway}' of connection {id} holds no lease; it cannot be asked.");
    }
}
