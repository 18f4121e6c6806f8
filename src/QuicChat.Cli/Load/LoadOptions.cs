using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Engines;

namespace QuicChat.Cli.Load;

/// <summary>The options that say what a load consists of.</summary>
internal sealed class LoadOptions
{
    private const int MostConnections = 200_000;

    private readonly Option<int?> _connections = Choice.NumberOrNone(
        "--connections",
        1,
        MostConnections,
        "How many clients; without it rooms times members. Those beyond are in further rooms, where all is quiet.");
    private readonly Option<int> _rooms = Choice.Number("--rooms", 10, 1, 100_000, "In how many rooms is published.");
    private readonly Option<int> _members = Choice.Number("--members", 10, 1, 10_000, "How many members each room has.");
    private readonly Option<int?> _publishers = Choice.NumberOrNone(
        "--publishers", 0, 10_000, "How many members of each room publish; one unless given, and none with --steps.");
    private readonly Option<double?> _rate = PerSecond(
        "--rate", "Messages a second over all publishers, whose latency counts from when they were due. Without it each "
            + "publishes the next when the last is acknowledged.");
    private readonly Option<int> _inFlight = Choice.Number(
        "--in-flight", 1, 1, 64, "Without --rate, how many messages each publisher has under way.");
    private readonly Option<int> _payload = Choice.Number(
        "--payload", 100, LoadSettings.LeastPayload, 4096, "The bytes of a message's text.");
    private readonly Option<TimeSpan?> _duration = Choice.Duration(
        "--duration", "1s", "24h", "For how long is measured; 10s unless given.");
    private readonly Option<TimeSpan?> _warmUp = Choice.Duration(
        "--warm-up", "0s", "1h", "For how long is published before; 3s unless given.");
    private readonly Option<int?> _connectRate = Choice.NumberOrNone(
        "--connect-rate", 1, 100_000, "How many clients connect a second; without it as fast as they come through.");
    private readonly Option<int> _connectParallel = Choice.Number("--connect-parallel", 64, 1, 1024, "How many connect at a time.");
    private readonly Option<int?> _sockets = Choice.NumberOrNone(
        "--sockets",
        1,
        60_000,
        "Clients share this many UDP sockets; without it each has its own. Those behind a simulated network always have.");
    private readonly Option<ImmutableArray<int>> _steps = Choice.Of<ImmutableArray<int>>(
        "--steps", "N,N,...", "Connects in these steps, and reads memory and processors at each.", ReadSteps);
    private readonly Option<TimeSpan?> _stepTime = Choice.Duration(
        "--step-time", "1s", "1h", "For how long each step stays; 10s unless given.");
    private readonly Option<double?> _changes = PerSecond("--changes", "Path changes a second, in turn over all clients that change.");
    private readonly Option<int> _changesEach = Choice.Number(
        "--changes-each", 0, 0, 1_000_000, "How often each client's path changes at most by --changes; 0 is no limit.");
    private readonly Option<TimeSpan?> _storm = Choice.Duration(
        "--storm", "0s", "24h", "All paths change within 1 s, this long after measuring began.");
    private readonly Option<ChangeKind> _changeKind = Word<ChangeKind>(
        "--change-kind", "nat: a NAT takes another port; address: another address, too; active: the client moves; none: nothing "
            + "changes, but gaps are taken. nat unless given.");
    private readonly Option<Movers> _movers = Word<Movers>(
        "--movers", "Whose paths change: all, publishers, listeners or half, which is every other client. all unless given.");
    private readonly Option<TimeSpan?> _delay = Choice.Duration(
        "--delay", "0ms", "10s", "How long datagrams are under way, in each direction, on the paths of those that change, or of "
            + "all where none does.");
    private readonly Option<double> _blackhole = Choice.Percentage(
        "--blackhole", "This share of the members is cut off in the middle third of the time.");
    private readonly Option<double> _stall = Choice.Percentage(
        "--stall", "This share of the members stops reading after a third of the time.");
    private readonly Option<TimeSpan?> _stallTime = Choice.Duration(
        "--stall-time", "1ms", "1h", "For how long they stop; 2s unless given.");
    private readonly Option<int?> _seed = Choice.NumberOrNone(
        "--seed", 0, int.MaxValue, "Repeats which clients change, are cut off or stall, and when.");

    /// <summary>All of them, in the order of the help.</summary>
    public IReadOnlyList<Option> All =>
    [
        _connections, _rooms, _members, _publishers, _rate, _inFlight, _payload, _duration, _warmUp,
        _connectRate, _connectParallel, _sockets, _steps, _stepTime,
        _changes, _changesEach, _storm, _changeKind, _movers, _delay, _blackhole, _stall, _stallTime, _seed,
    ];

    /// <summary>Reads them.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="engine">The clients' engine.</param>
    /// <exception cref="UsageException">They do not go together.</exception>
    public LoadSettings Read(ParseResult parsed, QuicEngineKind engine)
    {
        var steps = parsed.GetValue(_steps) is { IsDefault: false } given ? given : [];
        var (rooms, members) = (parsed.GetValue(_rooms), parsed.GetValue(_members));
        var publishers = parsed.GetValue(_publishers) ?? (steps.IsEmpty ? 1 : 0);
        var standard = new LoadSettings { Connections = 1, Rooms = 1, Members = 1, Publishers = 1 };
        var settings = standard with
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
            Engine = engine,
        };
        Check(parsed, settings);
        return settings;
    }

    private void Check(ParseResult parsed, LoadSettings settings)
    {
        (bool IsWrong, string Words)[] checks =
        [
            (settings.Publishers > settings.Members,
                $"--publishers: a room has {settings.Members} members; give more --members or fewer publishers"),
            (Math.Max(settings.Connections, settings.Rooms * (long)settings.Members) > MostConnections,
                $"--rooms: {parsed.GetValue(_rooms)} rooms of {settings.Members} are more than {MostConnections} clients; "
                    + "give fewer rooms or --members"),
            (settings.Publishers == 0 && (IsGiven(_payload) || IsGiven(_inFlight) || IsGiven(_warmUp)),
                "--payload, --in-flight and --warm-up: nobody publishes; give --publishers"),
            (settings.Publishers == 0 && IsGiven(_rooms) && (IsGiven(_connections) || !settings.Steps.IsEmpty),
                "--rooms: nobody publishes, and how many rooms there are follows from --members; leave it away, or give --publishers"),
            (settings.Rooms * (long)settings.Members > settings.Connections,
                $"--connections: {settings.Rooms} rooms of {settings.Members} need {settings.Rooms * settings.Members}; give "
                    + "more, or fewer --rooms or --members"),
            (IsGiven(_connections) && !settings.Steps.IsEmpty, "--connections: the last of --steps says how many; leave it away"),
            (settings is { Sockets: not null, Engine: QuicEngineKind.System },
                "--sockets: the engine system shares sockets as it sees fit; leave it away"),
            (IsGiven(_stepTime) && settings.Steps.IsEmpty, "--step-time goes with --steps"),
            (settings.Rate is not null && settings.Publishers == 0, "--rate: nobody publishes; give --publishers"),
            (settings.Rate is not null && IsGiven(_inFlight),
                "--in-flight: with --rate as many are under way as are not acknowledged; leave one of them away"),
            (settings.Storm >= settings.Duration,
                $"--storm: it is not within the {settings.Duration.TotalSeconds} s that are measured; give more --duration"),
            (!settings.Changes && (IsGiven(_changeKind) || IsGiven(_movers)), "--change-kind and --movers go with --changes or --storm"),
            (settings.ChangeRate == 0 && IsGiven(_changesEach), "--changes-each goes with --changes"),
            (settings.BlackholePercent == 100, "--blackhole: nobody would be left to measure; give less than 100%"),
            (settings.BlackholePercent + settings.StallPercent > 100, "--blackhole and --stall are more than all members together"),
            (settings.BlackholePercent + settings.StallPercent > 0 && settings.Publishers == 0,
                "--blackhole and --stall: nobody publishes; give --publishers"),
            (IsGiven(_stallTime) && settings.StallPercent == 0, "--stall-time goes with --stall"),
            (settings.StallPercent > 0 && settings.StallTime > settings.Duration * (2 / 3.0),
                "--stall-time: they stall after a third of --duration; give more of that, or less"),
        ];
        if (checks.FirstOrDefault(check => check.IsWrong).Words is { } words)
        {
            throw new UsageException(words);
        }

        bool IsGiven(Option option) => parsed.GetResult(option) is { Implicit: false };
    }

    private static Option<double?> PerSecond(string name, string description) => Choice.Of<double?>(
        name,
        "N",
        description,
        text => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number is > 0 and <= 1_000_000
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
        var steps = text.Split(',')
            .Select(step => int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)
            .ToImmutableArray();
        return steps[0] > 0 && steps[^1] <= MostConnections && steps.Zip(steps.Skip(1)).All(pair => pair.First < pair.Second)
            ? steps
            : throw new FormatException(
                $"'{text}' are not steps: write rising numbers of connections up to {MostConnections}, like 2000,5000,20000");
    }
}
