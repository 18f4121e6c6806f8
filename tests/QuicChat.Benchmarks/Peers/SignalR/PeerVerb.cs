using System.CommandLine;
using QuicChat.Cli.Load;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Engines;

namespace QuicChat.Benchmarks.SignalR;

/// <summary><c>load</c>: the tool's load on a SignalR server of its own, with a Redis back plane of its own.</summary>
internal sealed class PeerVerb : Verb
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly LoadOptions _load = new();
    private readonly Option<PeerSettings> _settings = new("--settings") { Description = "How dead connections are noticed" };
    private readonly Option<bool> _reset = new("--reset") { Description = "Both ends see it when a path is cut; without it neither does" };

    /// <summary>Defines the verb.</summary>
    public PeerVerb()
        : base("load", "Puts the tool's load on a SignalR server.", "load --rooms 50 --members 20 --publishers 20 --settings fair")
        => AddOptions([.. _load.All, _settings, _reset]);

    /// <inheritdoc />
    protected override string DataDescription => "Where the servers' logs go.";

    /// <inheritdoc />
    protected override async Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
    {
        var load = Read(parsed);
        CheckFiles(load);
        return await OwnFolder.WithAsync(
            "signalr",
            IsDataGiven(parsed) ? context.Data : null,
            data => RunAsync(load, parsed.GetValue(_settings), isReset: parsed.GetValue(_reset), data, context, cancellationToken));
    }

    private static async Task<int> RunAsync(
        LoadSettings load, PeerSettings settings, bool isReset, DataFolder data, VerbContext context, CancellationToken cancellationToken)
    {
        await using var redis = ChildProcess.Start(
            "redis", RedisProgram.Command(Path.Combine(data.FullPath, "redis"), Ports.FreeTcp(), isDurable: false), data.LogFile("redis"));
        var store = await redis.WaitReadyAsync<ReadyStore>(StartTimeout, cancellationToken);
        await using var server = ChildProcess.Start("server", ServerLine(store.ConnectionString, settings), data.LogFile("server"));
        var ready = await server.WaitReadyAsync<PeerServer.Ready>(StartTimeout, cancellationToken);
        var subject = new PeerSubject(
            ready.Url, [new ProcessMeter("server", ready.Pid), new ProcessMeter("redis", store.Pid!.Value)], settings, !isReset);
        var result = await LoadRun.RunAsync(load, subject, context.Progress, cancellationToken);
        await server.StopAsync(Patience);

        // What a peer loses is a finding, and no failure of its run.
        LoadVerb.Tell(result, context);
        return ExitCode.Held;
    }

    /// <summary>The load that a command line asks for.</summary>
    /// <exception cref="UsageException">Its options do not go together.</exception>
    public LoadSettings Read(ParseResult parsed)
    {
        var load = _load.Read(parsed, QuicEngineKind.Auto);
        return load.Delay > TimeSpan.Zero || load.StallPercent > 0 || load.ChangeKind != ChangeKind.Nat
            ? throw new UsageException("--delay, --stall and --change-kind: a TCP connection's path is cut here, and nothing else")
            : load;
    }

    private static void CheckFiles(LoadSettings load)
    {
        var files = load.Connections + LoadLimits.OtherFiles;
        if (files > LoadLimits.OfThisMachine().OpenFiles)
        {
            throw new UsageException(
                $"--connections: {load.Connections} clients need {files} open files here and in the server; raise the limit with 'ulimit -n {files}', or give fewer");
        }
    }

    private static IEnumerable<string> ServerLine(string redis, PeerSettings settings)
        => [ServerProgram.Host, typeof(PeerVerb).Assembly.Location, "serve", redis, settings.ToString()];
}
