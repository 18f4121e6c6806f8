using System.CommandLine;
using QuicChat.Cli.Report;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Engines;

namespace QuicChat.Cli.Load;

/// <summary><c>load</c>: puts a load on a stack and measures what comes of it.</summary>
internal sealed class LoadVerb : Verb
{
    private static readonly ReportPage Page = new("load", "Load report", typeof(LoadVerb).Assembly);
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(12);

    private readonly LoadOptions _load = new();
    private readonly Option<QuicEngineKind> _engine = EngineOption.Create();
    private readonly Option<string?> _report = ReportOption.Create($"Writes {Page.FileName} there: the result as plots, in one file.");
    private readonly Option<bool> _against = new("--against")
    {
        Description = "Loads the stack that 'up' has started in DIR, in place of one of its own.",
    };
    private readonly ServerOptions _server = new();
    private readonly Option<string?> _tokenKey = Choice.Checked(
        "--token-key",
        "FILE",
        "With --server, the key of development tokens, as Base64. Without it that of DIR.",
        file => string.IsNullOrWhiteSpace(file) ? "the name of the file is empty" : null);
    private readonly Option<int> _silos = Choice.Number("--silos", 1, 1, 16, "How many silos to start.");
    private readonly Option<int> _gateways = Choice.Number("--gateways", 1, 1, 16, "How many gateways to start.");
    private readonly Option<string?> _redis = Choice.Of<string?>(
        "--redis", "CONN", "A Redis server to use, such as 127.0.0.1:6379, in place of the built-in store.", RedisServer.Parse);
    private readonly Option<bool> _redisServer = new("--redis-server")
    {
        Description = "Starts redis-server, which must be installed, in place of the built-in store.",
    };

    /// <summary>Defines the verb.</summary>
    public LoadVerb()
        : base(
            "load",
            "Puts a load on a stack, its own or one that runs, and measures throughput, latency, gaps and cost; checks every "
                + "message at every member.",
            "./quicchat load",
            "./quicchat load --rooms 50 --members 20 --publishers 20 --redis-server --report artifacts/load",
            "./quicchat load --rooms 1 --members 200 --publishers 20 --rate 200 --json",
            "./quicchat load --steps 2000,5000,20000 --sockets 64",
            "./quicchat load --rooms 100 --members 2 --publishers 2 --rate 2000 --changes 20 --changes-each 1 --movers half "
                + "--change-kind active --delay 20ms",
            "./quicchat load --rooms 100 --members 21 --rate 200 --storm 5s --movers listeners --duration 20s",
            "./quicchat load --rooms 1 --members 20 --rate 200 --blackhole 5% --duration 30s",
            "./quicchat load --server chat.example.org:4433 --ca roots.pem --token-key token.key --rate 100 --connect-rate 100")
        => AddOptions([.. _load.All, _engine, _report, _against, .. _server.All, _tokenKey, _silos, _gateways, _redis, _redisServer]);

    /// <inheritdoc />
    protected override string DataDescription
        => "A new directory for the stack, to keep; without it a temporary one. With --against or --server, that of the stack.";

    /// <inheritdoc />
    protected override async Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
    {
        var settings = Read(parsed);
        LoadLimits.OfThisMachine().Check(settings);
        if (parsed.GetValue(_report) is { } directory)
        {
            ReportPage.Prepare(directory);
        }

        LoadResult result;
        if (parsed.GetValue(_against) || _server.Address(parsed) is not null)
        {
            result = await LoadAsync(settings, Target(parsed, context.Data), context, cancellationToken);
        }
        else
        {
            result = await OwnFolder.WithAsync("load", IsDataGiven(parsed) ? context.Data : null, async data =>
            {
                await using var stack = await LocalStack.StartAsync(Plan(parsed, settings), data, context.Progress, cancellationToken);
                var measured = await LoadAsync(settings, LoadStack.Target(stack.Running, data, TokenLifetime), context, cancellationToken);
                return measured is { Partial: false, PathChanges: > 0, ProcessesGone.IsEmpty: true }
                    ? measured with { Counted = await CountedMigrations.ReadAsync(stack.Running, measured.Migrations, cancellationToken) }
                    : measured;
            });
        }

        result = result with { Command = ReportOption.Command(parsed), Machine = Machine.Current(), At = DateTimeOffset.UtcNow };
        var unwritten = parsed.GetValue(_report) is { } written ? TryWrite(written, result, context) : null;
        var code = Tell(result, context);
        if (unwritten is null)
        {
            return code;
        }

        // Behind the result, which is there all the same.
        context.Error.WriteLine($"quicchat: {unwritten}");
        return ExitCode.Failed;
    }

    private static string? TryWrite(string directory, LoadResult result, VerbContext context)
    {
        try
        {
            var (command, machine, at, faults) = (result.Command, result.Machine, result.At, result.Faults());
            context.Progress($"the report is '{Page.Write(directory, new { command, machine, at, faults, result })}'");
            return null;
        }
        catch (ToolException e)
        {
            return e.Message;
        }
    }

    /// <summary>What a command line asks for.</summary>
    /// <exception cref="UsageException">Its options do not go together.</exception>
    public LoadSettings Read(ParseResult parsed)
    {
        Check(parsed);
        return _load.Read(parsed, parsed.GetValue(_engine));
    }

    private static async Task<LoadResult> LoadAsync(
        LoadSettings settings, LoadTarget target, VerbContext context, CancellationToken cancellationToken)
    {
        await using var subject = await ChatSubject.StartAsync(settings, target, cancellationToken);
        return await LoadRun.RunAsync(settings, subject, context.Progress, cancellationToken);
    }

    private void Check(ParseResult parsed)
    {
        _server.Check(parsed);
        var isOwn = !parsed.GetValue(_against) && _server.Address(parsed) is null;
        (bool IsWrong, string Words)[] checks =
        [
            (!isOwn && (IsGiven(_silos) || IsGiven(_gateways) || IsGiven(_redis) || IsGiven(_redisServer)),
                "--silos, --gateways, --redis and --redis-server are for a stack of its own"),
            (parsed.GetValue(_against) && _server.Address(parsed) is not null, "give either --against or --server"),
            (IsGiven(_tokenKey) && _server.Address(parsed) is null, "--token-key goes with --server"),
            (IsGiven(_redis) && parsed.GetValue(_redisServer), "give either --redis or --redis-server"),
        ];
        if (checks.FirstOrDefault(check => check.IsWrong).Words is { } words)
        {
            throw new UsageException(words);
        }

        bool IsGiven(Option option) => parsed.GetResult(option) is { Implicit: false };
    }

    private StackPlan Plan(ParseResult parsed, LoadSettings settings) => new()
    {
        Silos = parsed.GetValue(_silos),
        Gateways = parsed.GetValue(_gateways),
        WebPort = 0,
        Engine = settings.Engine,
        Redis = parsed.GetValue(_redis),
        OwnRedis = parsed.GetValue(_redisServer),
        LimitOptions = LoadStack.LimitOptions(settings),
    };

    private LoadTarget Target(ParseResult parsed, DataFolder data)
    {
        if (_server.Address(parsed) is not { } server)
        {
            return LoadStack.Target(RunningStack.Load(data), data, TokenLifetime);
        }

        var key = parsed.GetValue(_tokenKey) is { } file
            ? DataFolder.ReadTokenKey(file) ?? throw new ToolException(
                $"the file '{file}' does not hold a key of 32 bytes as Base64; give that of the gateway with --token-key.")
            : data.ReadTokenKey();
        return new LoadTarget([server], _server.Trust(parsed, data), LoadStack.Token(key, TokenLifetime), []);
    }

    /// <summary>Prints what was measured.</summary>
    /// <returns>An exit code: whether it held.</returns>
    public static int Tell(LoadResult result, VerbContext context)
    {
        var faults = result.Faults();
        if (context.Json)
        {
            context.WriteJson(result);
        }
        else
        {
            context.OutputConsole().Write(LoadTable.Of(result));
        }

        if (faults.Count > 0)
        {
            context.Error.WriteLine($"quicchat: it did not hold: {string.Join(", ", faults)}; seed {result.Load.Seed}.");
            return ExitCode.Failed;
        }

        context.Progress(result switch
        {
            { Published: 0 } => $"nothing was published, so there was nothing to lose{(result.Partial ? "; it was interrupted" : "")}",
            { Partial: true } => "it held as far as it went; it was interrupted",
            _ => "it held: every message once and in order at every member",
        });
        return ExitCode.Held;
    }
}
