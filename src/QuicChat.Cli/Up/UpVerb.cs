using System.CommandLine;
using System.Net;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Engines;

namespace QuicChat.Cli.Up;

/// <summary><c>up</c>: starts store, silos and gateways, and stops them at its end.</summary>
internal sealed class UpVerb : Verb
{
    private readonly Option<int> _silos = Choice.Number("--silos", 1, 1, 16, "How many silos to start.");
    private readonly Option<int> _gateways = Choice.Number("--gateways", 1, 1, 16, "How many gateways to start.");
    private readonly Option<int> _port = Choice.Number(
        "--port", 4433, 0, 65535, "The first gateway's UDP port, further gateways take the next ones; 0 takes free ones.");

    private readonly Option<string?> _redis = Choice.Of<string?>(
        "--redis", "CONN", "A Redis server to use, such as 127.0.0.1:6379. Without it the built-in store is started.", RedisServer.Parse);

    private readonly Option<QuicEngineKind> _engine = EngineOption.Create();
    private readonly Option<int?> _webPort = Choice.NumberOrNone(
        "--web-port", 0, 65535, "The first silo's web port, with the dashboard. Without it 8080 if that is free; 0 takes a free one.");

    private readonly Option<bool> _noRestart = new("--no-restart") { Description = "Leaves a part that dies dead. Without it, it is started again." };

    // The gateway says more of each, and checks them.
    private readonly Option<string?>[] _tokens =
    [
        GatewayOption("--token-key", "FILE", "The keys that gateways verify tokens with: JWKS, PEM or Base64; without it the key of development tokens."),
        GatewayOption("--token-issuer", "TEXT", "The issuer that tokens must name."),
        GatewayOption("--token-audience", "TEXT", "The audience that tokens must name."),
        GatewayOption("--token-clock-skew", "TIME", "By how much the issuer's clock may differ."),
        GatewayOption("--token-name-claim", "CLAIM", "The claim with the name shown to others."),
    ];

    /// <summary>Defines the verb.</summary>
    public UpVerb()
        : base(
            "up",
            "Starts store, silos and gateways on this machine, and stops them all on Ctrl+C.",
            "./quicchat up",
            "./quicchat up --silos 2 --gateways 2",
            "./quicchat up --redis 127.0.0.1:6379 --data /var/tmp/chat")
        => AddOptions([_silos, _gateways, _port, _redis, _engine, _webPort, _noRestart, .. _tokens]);

    /// <inheritdoc />
    protected override async Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
    {
        var plan = new StackPlan
        {
            Silos = parsed.GetValue(_silos),
            Gateways = parsed.GetValue(_gateways),
            Port = parsed.GetValue(_port),
            Redis = parsed.GetValue(_redis),
            Engine = parsed.GetValue(_engine),
            WebPort = parsed.GetValue(_webPort),
            TokenOptions = [.. _tokens.SelectMany(option => parsed.GetValue(option) is { } value ? (string[])[option.Name, value] : [])],
        };
        if (plan.Port + plan.Gateways - 1 > IPEndPoint.MaxPort)
        {
            throw new UsageException("--port: the ports of all gateways must be below 65536");
        }

        var data = context.Data;
        data.Ensure();
        using var only = StackLock.Take(data);
        await FormerStack.OutliveAsync(data, context.Progress, cancellationToken);
        await using var stack = await LocalStack.StartAsync(plan, data, context.Progress, cancellationToken);
        try
        {
            stack.Running.Save(data);
            if (context.Json)
            {
                context.WriteJson(stack.Running);
            }
            else
            {
                Welcome.Write(context, stack.Running, takesDevelopmentTokens: plan.TokenOptions.IsEmpty);
            }

            return await WatchAsync(stack, context, parsed.GetValue(_noRestart) ? null : RestartDelays.Usual, cancellationToken);
        }
        finally
        {
            RunningStack.Remove(data);
        }
    }

    private static Option<string?> GatewayOption(string name, string helpName, string description)
        => new(name) { HelpName = helpName, Description = description };

    private static async Task<int> WatchAsync(
        LocalStack stack, VerbContext context, RestartDelays? restarts, CancellationToken cancellationToken)
    {
        try
        {
            await stack.SuperviseAsync(restarts, Tell, Save, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            context.Progress("stopping");
            await stack.StopAsync();
            return ExitCode.Held;
        }

        throw new ToolException("all processes of the stack have ended.");

        void Tell(string line) => context.Error.WriteLine($"quicchat: {line}");

        void Save(RunningStack running)
        {
            try
            {
                running.Save(context.Data);
            }
            catch (ToolException e)
            {
                // The stack goes on; only the other verbs do not find what has moved.
                Tell(e.Message);
            }
        }
    }
}
