using System.CommandLine;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Client;
using QuicChat.Protocol;
using QuicChat.Quic.Engines;

namespace QuicChat.Cli.Chat;

/// <summary><c>chat</c>: a chat on the terminal, or of a script by its standard input and output.</summary>
internal sealed class ChatVerb : Verb
{
    private const int LinesShownFirst = 20;

    private static readonly TimeSpan ScriptPatience = TimeSpan.FromMinutes(1);

    private readonly Option<string?> _user = Choice.Checked(
        "--user", "ID", "The user, for whom a development token is made.", ProtocolRules.CheckUserId);

    private readonly Option<string?> _room = Choice.Checked("--room", "ROOM", "The room.", ProtocolRules.CheckRoom);

    private readonly ServerOptions _server = new();
    private readonly Option<string?> _token = Choice.Checked("--token", "JWT", "A token in place of --user.", ProtocolRules.CheckToken);
    private readonly Option<string[]> _rooms = RoomsOption.Create();
    private readonly Option<QuicEngineKind> _engine = EngineOption.Create();

    /// <summary>Defines the verb.</summary>
    public ChatVerb()
        : base(
            "chat",
            "Chats in a room: shows its last 20 lines, then what is written, and sends what is typed. /migrate ADDRESS moves to another address of this machine; /quit or Ctrl+D ends it.",
            "./quicchat chat --user ann --room lobby",
            "./quicchat chat --user ann --room private:team --rooms private:team",
            "echo hello | ./quicchat chat --user ann --room lobby",
            "./quicchat chat --room lobby --server chat.example.org:4433 --ca roots.pem --token \"$TOKEN\"")
    {
        _room.Required = true;
        AddOptions([_user, _room, .. _server.All, _token, _rooms, _engine]);
    }

    /// <inheritdoc />
    protected override async Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
    {
        var options = Connection(parsed, context.Data);
        var isTerminal = !Console.IsInputRedirected && !Console.IsOutputRedirected && !context.Json;
        // A person sees that the chat is away and ends it; a script would hang.
        await using var session = new ChatSession(
            options, new ChatSessionOptions { GiveUpAfter = isTerminal ? Timeout.InfiniteTimeSpan : ScriptPatience });
        await ConnectAsync(session, parsed, cancellationToken);
        var room = await JoinAsync(session, parsed.GetRequiredValue(_room)!, cancellationToken);
        context.Progress($"connected to {session.GatewayId} as {TerminalText.Harmless(session.UserName)}, connection {session.ConnectionId}");
        IChatScreen screen = isTerminal ? TerminalScreen.OfConsole(context.Output) : new PipedScreen(context, Console.In);
        using var conversation = new Conversation(session, room, screen, context, isTerminal);
        await conversation.RunAsync(cancellationToken);
        if (context.Json)
        {
            context.WriteJson(conversation.Summary);
        }

        return ExitCode.Held;
    }

    private ChatClientOptions Connection(ParseResult parsed, DataFolder data)
    {
        if (parsed.GetValue(_user) is null == parsed.GetValue(_token) is null)
        {
            throw new UsageException("give either --user or --token");
        }

        _server.Check(parsed);
        var user = parsed.GetValue(_user);
        var rooms = parsed.GetRequiredValue(_rooms);
        if (user is null && rooms.Length > 0)
        {
            throw new UsageException("--rooms goes with --user: a token that is given has its rooms in it");
        }

        if (user is not null)
        {
            // A key that is missing is better said at once.
            StackClient.Token(data, user, rooms);
        }

        return new ChatClientOptions
        {
            Servers = _server.Address(parsed) is { } server ? [server] : [.. RunningStack.Load(data).Gateways.Select(StackClient.Address)],
            Trust = _server.Trust(parsed, data),
            Token = parsed.GetValue(_token),
            // Made anew for each connection, so that a chat outlives its token.
            TokenProvider = user is null ? null : _ => ValueTask.FromResult(StackClient.Token(data, user, rooms)),
            Engine = parsed.GetValue(_engine),
        };
    }

    private async Task ConnectAsync(ChatSession session, ParseResult parsed, CancellationToken cancellationToken)
    {
        try
        {
            await session.ConnectAsync(cancellationToken);
        }
        catch (ChatConnectException e) when (e.IsUntrusted)
        {
            throw new ToolException($"{e.Message.TrimEnd('.')} {_server.HowTrusted(parsed)}.", e);
        }
        catch (Exception e) when (e is ChatException or QuicEngineUnavailableException)
        {
            throw new ToolException(e.Message, e);
        }
    }

    private static async Task<SessionRoom> JoinAsync(ChatSession session, string room, CancellationToken cancellationToken)
    {
        try
        {
            return await session.JoinAsync(room, new JoinOptions { Newest = LinesShownFirst }, cancellationToken);
        }
        catch (ChatException e)
        {
            throw new ToolException(e.Message, e);
        }
    }
}
