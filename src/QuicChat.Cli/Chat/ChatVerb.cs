using System.CommandLine;
using System.Net;
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

    private readonly Option<string?> _user = Choice.Text("--user", "ID", "The user, for whom a development token is made.");
    private readonly Option<string> _room = Choice.Of(
        "--room", "ROOM", "The room.", text => ProtocolRules.CheckRoom(text) is { } problem ? throw new FormatException(problem) : text);

    private readonly Option<DnsEndPoint?> _server = Choice.Of<DnsEndPoint?>(
        "--server", "HOST:PORT", "The gateway. Without it those of this machine's stack.", Quantity.HostAndPort);

    private readonly Option<ServerTrust?> _fingerprint = Choice.Of<ServerTrust?>(
        "--fingerprint", "SHA256", "The fingerprint of the gateway's certificate. Without it that of DIR.", ServerTrust.Pinned.Parse);

    private readonly Option<string?> _authority = Choice.Text(
        "--ca", "FILE", "Certificate authorities (PEM) to trust instead of a fingerprint.");
    private readonly Option<string?> _token = Choice.Text("--token", "JWT", "A token in place of --user.");
    private readonly Option<QuicEngineKind> _engine = EngineOption.Create();

    /// <summary>Defines the verb.</summary>
    public ChatVerb()
        : base(
            "chat",
            "Chats in a room: shows its last 20 lines, then what is written, and sends what is typed. /quit or Ctrl+D ends it.",
            "./quicchat chat --user ann --room lobby",
            "echo hello | ./quicchat chat --user ann --room lobby",
            "./quicchat chat --room lobby --server chat.example.org:4433 --ca roots.pem --token \"$TOKEN\"")
    {
        _room.Required = true;
        AddOptions(_user, _room, _server, _fingerprint, _authority, _token, _engine);
    }

    /// <inheritdoc />
    protected override async Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
    {
        var options = Connection(parsed, context.Data);
        var isTerminal = !Console.IsInputRedirected && !Console.IsOutputRedirected && !context.Json;
        await using var client = await ConnectAsync(options, cancellationToken);
        var room = await JoinAsync(client, parsed.GetRequiredValue(_room), cancellationToken);
        context.Progress($"connected to {client.GatewayId} as {TerminalText.Harmless(client.UserName)}, connection {client.ConnectionId}");
        IChatScreen screen = isTerminal ? TerminalScreen.OfConsole(context.Output) : new PipedScreen(context, Console.In);
        using var session = new ChatSession(client, room, screen, context, isTerminal);
        await session.RunAsync(cancellationToken);
        if (context.Json)
        {
            context.WriteJson(session.Summary);
        }

        return ExitCode.Held;
    }

    private ChatClientOptions Connection(ParseResult parsed, DataFolder data)
    {
        var server = parsed.GetValue(_server);
        if (parsed.GetValue(_user) is null == parsed.GetValue(_token) is null)
        {
            throw new UsageException("give either --user or --token");
        }

        if (parsed.GetValue(_authority) is not null && (server is null || parsed.GetValue(_fingerprint) is not null))
        {
            throw new UsageException("--ca goes with --server, and takes the place of --fingerprint");
        }

        var trust = parsed.GetValue(_authority) is { } file
            ? new ServerTrust.Authority(RequireFile(file), server!.Host)
            : parsed.GetValue(_fingerprint);
        return new ChatClientOptions
        {
            Servers = server is null ? [.. RunningStack.Load(data).Gateways.Select(StackClient.Address)] : [Text(server)],
            Trust = trust ?? StackClient.Trust(data),
            Token = parsed.GetValue(_token) ?? StackClient.Token(data, parsed.GetValue(_user)!),
            Engine = parsed.GetValue(_engine),
        };
    }

    private static async Task<ChatClient> ConnectAsync(ChatClientOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await ChatClient.ConnectAsync(options, cancellationToken);
        }
        catch (Exception e) when (e is ChatException or QuicEngineUnavailableException)
        {
            throw new ToolException(e.Message, e);
        }
    }

    private static async Task<ChatRoom> JoinAsync(ChatClient client, string room, CancellationToken cancellationToken)
    {
        try
        {
            return await client.JoinAsync(room, new JoinOptions { Newest = LinesShownFirst }, cancellationToken);
        }
        catch (ChatException e)
        {
            throw new ToolException(e.Message, e);
        }
    }

    private static string RequireFile(string file)
        => File.Exists(file)
            ? file
            : throw new ToolException($"the file '{file}' is not there; give the certificate authorities as PEM with --ca FILE.");

    private static string Text(DnsEndPoint server)
        => server.Host.Contains(':', StringComparison.Ordinal) ? $"[{server.Host}]:{server.Port}" : $"{server.Host}:{server.Port}";
}
