using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Engines;
using Spectre.Console;

namespace QuicChat.Cli.Load;

/// <summary><c>load</c>: puts a load on a stack and measures what comes of it.</summary>
internal sealed class LoadVerb : Verb
{
    private const int MostConnections = 200_000;
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(12);

    private readonly Option<int?> _connections = Choice.NumberOrNone(
        "--connections", 1, MostConnections, "How many clients; without it rooms times members. Those beyond are in further rooms, where all is quiet.");
    private readonly Option<int> _rooms = Choice.Number("--rooms", 10, 1, 100_000, "In how many rooms is published.");
    private readonly Option<int> _members = Choice.Number("--members", 10, 1, 10_000, "How many members each room has.");
    private readonly Option<int?> _publishers = Choice.NumberOrNone(
        "--publishers", 0, 10_000, "How many members of each room publish; one unless given, and none with --steps.");
    private readonly Option<double?> _rate = PerSecond(
        "--rate", "Messages a second over all publishers, whose latency counts from when they were due. Without it each publishes the next when the last is acknowledged.");
    private readonly Option<int> _inFlight = Choice.Number("--in-flight", 1, 1, 64, "Without --rate, how many messages each publisher has under way.");
    private readonly Option<int> _payload = Choice.Number("--payload", 100, LoadSettings.LeastPayload, 4096, "The bytes of a message's text.");
    private readonly Option<TimeSpan?> _duration = Choice.Duration("--duration", "1s", "24h", "For how long is measured; 10s unless given.");
    private readonly Option<TimeSpan?> _warmUp = Choice.Duration("--warm-up", "0s", "1h", "For how long is published before; 3s unless given.");
    private readonly Option<int?> _connectRate = Choice.NumberOrNone(
        "--connect-rate", 1, 100_000, "How many clients connect a second; without it as fast as they come through.");
    private readonly Option<int> _connectParallel = Choice.Number("--connect-parallel", 64, 1, 1024, "How many connect at a time.");
    private readonly Option<int?> _sockets = Choice.NumberOrNone(
        "--sockets", 1, 60_000, "Clients share this many UDP sockets; without it each has its own. Those behind a simulated network always have.");
    private readonly Option<ImmutableArray<int>> _steps = Choice.Of<ImmutableArray<int>>(
        "--steps", "N,N,...", "Connects in these steps, and reads memory and processors at each.", ReadSteps);
    private readonly Option<TimeSpan?> _stepTime = Choice.Duration("--step-time", "1s", "1h", "For how long each step stays; 10s unless given.");
    private readonly Option<double?> _changes = PerSecond("--changes", "Path changes a second, in turn over all clients that change.");
    private readonly Option<int> _changesEach = Choice.Number("--changes-each", 0, 0, 1_000_000, "How often each client's path changes at most by --changes; 0 is no limit.");
    private readonly Option<TimeSpan?> _storm = Choice.Duration("--storm", "0s", "24h", "All paths change within 1 s, this long after measuring began.");
    private readonly Option<ChangeKind> _changeKind = Word<ChangeKind>(
        "--change-kind", "nat: a NAT takes another port; address: another address, too; active: the client moves. nat unless given.");
    private readonly Option<Movers> _movers = Word<Movers>(
        "--movers", "Whose paths change: all, publishers, listeners or half, which is every other client. all unless given.");
    private readonly Option<TimeSpan?> _delay = Choice.Duration(
        "--delay", "0ms", "10s", "How long datagrams are under way, in each direction, on the paths of those that change, or of all where none does.");
    private readonly Option<double> _blackhole = Choice.Percentage("--blackhole", "This share of the members is cut off in the middle third of the time.");
    private readonly Option<double> _stall = Choice.Percentage("--stall", "This share of the members stops reading after a third of the time.");
    private readonly Option<TimeSpan?> _stallTime = Choice.Duration("--stall-time", "1ms", "1h", "For how long they stop; 2s unless given.");
    private readonly Option<int?> _seed = Choice.NumberOrNone("--seed", 0, int.MaxValue, "Repeats which clients change, are cut off or stall, and when.");
    private readonly Option<QuicEngineKind> _engine = EngineOption.Create();
    private readonly Option<string?> _report = Choice.Checked(
        "--report",
        "DIR",
        $"Writes {LoadPage.FileName} there: the result as plots, in one file.",
        directory => string.IsNullOrWhiteSpace(directory) ? "the name of the directory is empty" : null);
    private readonly Option<bool> _against = new("--against") { Description = "Loads the stack that 'up' has started in DIR, in place of one of its own." };
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
            "Puts a load on a stack, its own or one that runs, and measures throughput, latency, gaps and cost; checks every message at every member.",
            "./quicchat load",
            "./quicchat load --rooms 50 --members 20 --publishers 20 --redis-server --report artifacts/load",
            "./quicchat load --rooms 1 --members 200 --publishers 20 --rate 200 --json",
            "./quicchat load --steps 2000,5000,20000 --sockets 64",
            "./quicchat load --rooms 100 --members 2 --publishers 2 --rate 2000 --changes 20 --changes-each 1 --movers half --change-kind active --delay 20ms",
            "./quicchat load --rooms 100 --members 21 --rate 200 --storm 5s --movers listeners --duration 20s",
            "./quicchat load --rooms 1 --members 20 --rate 200 --blackhole 5% --duration 30s",
            "./quicchat load --server chat.example.org:4433 --ca roots.pem --token-key token.key --rate 100 --connect-rate 100")
        => AddOptions([
            _connections, _rooms, _members, _publishers, _rate, _inFlight, _payload, _duration, _warmUp, _connectRate, _connectParallel, _sockets, _steps, _stepTime,
            _changes, _changesEach, _storm, _changeKind, _movers, _delay, _blackhole, _stall, _stallTime, _seed, _engine, _report,
            _against, .. _server.All, _tokenKey, _silos, _gateways, _redis, _redisServer]);

    /// <inheritdoc />
    protected override string DataDescription
        => "A new directory for the stack, to keep; without it a temporary one. With --against or --server, that of the stack.";

    /// <inheritdoc />
    protected override async Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
    {
        var settings = Settings(parsed);
        Check(parsed, settings);
        LoadLimits.OfThisMachine().Check(settings);
        if (parsed.GetValue(_report) is { } directory)
        {
            LoadPage.Prepare(directory);
        }

        LoadResult result;
        if (parsed.GetValue(_against) || _server.Address(parsed) is not null)
        {
            result = await LoadAsync(settings, Target(parsed, context.Data), context, cancellationToken);
        }
        else
        {
            using var folder = OwnFolder.Open("load", IsDataGiven(parsed) ? context.Data : null);
            await using var stack = await LocalStack.StartAsync(Plan(parsed, settings), folder.Data, context.Progress, cancellationToken);
            result = await LoadAsync(settings, LoadStack.Target(stack.Running, folder.Data, TokenLifetime), context, cancellationToken);
        }

        if (parsed.GetValue(_report) is { } written)
        {
            context.Progress($"the report is '{LoadPage.Write(written, Command(parsed), result)}'");
        }

        return Tell(result, context);
    }

    private static string Command(ParseResult parsed) => $"./quicchat {string.Join(' ', parsed.Tokens.Select(token => token.Value))}";

    private static async Task<LoadResult> LoadAsync(
        LoadSettings settings, LoadTarget target, VerbContext context, CancellationToken cancellationToken)
    {
        context.Progress($"{settings.Connections} clients connect; seed {settings.Seed}");
        return await LoadRun.RunAsync(settings, target, context.Progress, cancellationToken);
    }

    private LoadSettings Settings(ParseResult parsed)
    {
        var steps = parsed.GetValue(_steps) is { IsDefault: false } given ? given : [];
        var (rooms, members) = (parsed.GetValue(_rooms), parsed.GetValue(_members));
        var publishers = parsed.GetValue(_publishers) ?? (steps.IsEmpty ? 1 : 0);
        var standard = new LoadSettings { Connections = 1, Rooms = 1, Members = 1, Publishers = 1 };
        return standard with
        {
            Connections = steps.IsEmpty ? parsed.GetValue(_connections) ?? rooms * members : steps[^1],

            // Where nobody publishes, no room is one in which is published.
            Rooms = publishers == 0 ? 0 : rooms,
            Members = members,
            Publishers = publishers,
            Rate = parsed.GetValue(_rate),
            InFlight = parsed.GetValue(_inFlight),
            Payload = parsed.GetValue(_payload),
            WarmUp = publishers == 0 ? TimeSpan.Zero : parsed.GetValue(_warmUp) ?? standard.WarmUp,
            Duration = parsed.GetValue(_duration) ?? standard.Duration,
            ConnectRate = parsed.GetValue(_connectRate),
            ConnectParallel = parsed.GetValue(_connectParallel),
            Sockets = parsed.GetValue(_sockets),
            ChangeRate = parsed.GetValue(_changes) ?? 0,
            ChangesEach = parsed.GetValue(_changesEach),
            Storm = parsed.GetValue(_storm),
            ChangeKind = parsed.GetValue(_changeKind),
            Movers = parsed.GetValue(_movers),
            Delay = parsed.GetValue(_delay) ?? TimeSpan.Zero,
            BlackholePercent = parsed.GetValue(_blackhole),
            StallPercent = parsed.GetValue(_stall),
            StallTime = parsed.GetValue(_stallTime) ?? standard.StallTime,
            Steps = steps,
            StepTime = parsed.GetValue(_stepTime) ?? standard.StepTime,
            Seed = parsed.GetValue(_seed) ?? Random.Shared.Next(),
            Engine = parsed.GetValue(_engine),
        };
    }

    private void Check(ParseResult parsed, LoadSettings settings)
    {
        _server.Check(parsed);
        var isOwn = !parsed.GetValue(_against) && _server.Address(parsed) is null;
        (bool IsWrong, string Words)[] checks =
        [
            (settings.Publishers > settings.Members, $"--publishers: a room has {settings.Members} members; give more --members or fewer publishers"),
            (settings.Rooms * (long)settings.Members > MostConnections, $"--rooms: {settings.Rooms} rooms of {settings.Members} are more than {MostConnections} clients; give fewer rooms or --members"),
            (settings.Rooms * (long)settings.Members > settings.Connections,
                $"--connections: {settings.Rooms} rooms of {settings.Members} need {settings.Rooms * settings.Members}; give more, or fewer --rooms or --members"),
            (IsGiven(_connections) && !settings.Steps.IsEmpty, "--connections: the last of --steps says how many; leave it away"),
            (IsGiven(_stepTime) && settings.Steps.IsEmpty, "--step-time goes with --steps"),
            (settings.Rate is not null && settings.Publishers == 0, "--rate: nobody publishes; give --publishers"),
            (settings.Rate is not null && IsGiven(_inFlight), "--in-flight: with --rate as many are under way as are not acknowledged; leave one of them away"),
            (settings.Storm >= settings.Duration, $"--storm: it is not within the {settings.Duration.TotalSeconds} s that are measured; give more --duration"),
            (!settings.Changes && (IsGiven(_changeKind) || IsGiven(_movers)), "--change-kind and --movers go with --changes or --storm"),
            (settings.ChangeRate == 0 && IsGiven(_changesEach), "--changes-each goes with --changes"),
            (settings.BlackholePercent + settings.StallPercent > 100, "--blackhole and --stall are more than all members together"),
            (settings.BlackholePercent + settings.StallPercent > 0 && settings.Publishers == 0, "--blackhole and --stall: nobody publishes; give --publishers"),
            (IsGiven(_stallTime) && settings.StallPercent == 0, "--stall-time goes with --stall"),
            (settings.StallPercent > 0 && settings.StallTime > settings.Duration * (2 / 3.0), "--stall-time: they stall after a third of --duration; give more of that, or less"),
            (!isOwn && (IsGiven(_silos) || IsGiven(_gateways) || IsGiven(_redis) || IsGiven(_redisServer)), "--silos, --gateways, --redis and --redis-server are for a stack of its own"),
            (parsed.GetValue(_against) && _server.Address(parsed) is not null, "give either --against or --server"),
            (IsGiven(_tokenKey) && _server.Address(parsed) is null, "--token-key goes with --server"),
            (settings is { Sockets: not null, Engine: QuicEngineKind.System }, "--sockets: the engine system shares sockets as it sees fit; leave it away"),
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
            ? DataFolder.ReadTokenKey(file) ?? throw new ToolException($"the file '{file}' does not hold a key of 32 bytes as Base64; give that of the gateway with --token-key.")
            : data.ReadTokenKey();
        return new LoadTarget([server], _server.Trust(parsed, data), LoadStack.Token(key, TokenLifetime), []);
    }

    private static int Tell(LoadResult result, VerbContext context)
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

        context.Progress(result.Partial ? "it held as far as it went; it was interrupted" : "it held: every message once and in order at every member");
        return ExitCode.Held;
    }

    private static Option<double?> PerSecond(string name, string description) => Choice.Of<double?>(
        name,
        "N",
        description,
        text => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 1_000_000
            ? number
            : throw new FormatException($"'{text}' is not a rate: give a number above 0 and up to 1000000 a second, or leave {name} away"));

    private static Option<T> Word<T>(string name, string description)
        where T : struct, Enum
        => Choice.Of(
            name,
            typeof(T) == typeof(ChangeKind) ? "KIND" : "WHO",
            description,
            text => !int.TryParse(text, CultureInfo.InvariantCulture, out _) && Enum.TryParse<T>(text, ignoreCase: true, out var value)
                ? value
                : throw new FormatException($"'{text}' is not one of {string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant()}"));

    private static ImmutableArray<int> ReadSteps(string text)
    {
        var steps = text.Split(',').Select(step => int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0).ToImmutableArray();
        return steps[0] > 0 && steps[^1] <= MostConnections && steps.Zip(steps.Skip(1)).All(pair => pair.First < pair.Second)
            ? steps
            : throw new FormatException($"'{text}' are not steps: write rising numbers of connections up to {MostConnections}, like 2000,5000,20000");
    }
}
