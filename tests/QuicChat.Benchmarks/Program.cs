using System.CommandLine;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using QuicChat.Benchmarks.Compare;
using QuicChat.Benchmarks.Engine;
using QuicChat.Cli.Verbs;

return args switch
{
    ["engine", .. var options] => await EngineCommand.RunAsync(options),
    ["serve", var directory] => await EngineServer.RunAsync(directory),
    ["micro", .. var options] => RunMicro(options),
    _ => await CompareAsync(args),
};

static int RunMicro(string[] options)
{
    // Within this process: a project that is generated for each run would have to be built first.
    var config = DefaultConfig.Instance
        .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).AsMutator())
        .WithArtifactsPath(Path.Combine("artifacts", "micro"));
    var summaries = BenchmarkSwitcher.FromAssembly(typeof(CompareVerb).Assembly).Run(options, config);
    var reports = summaries.SelectMany(summary => summary.Reports).ToList();

    // Of what is only listed or helped with there is no report; of a filter that no benchmark matches there should be.
    return reports.All(report => report.Success) && (reports.Count > 0 || !options.Contains("--filter")) ? ExitCode.Held : ExitCode.Failed;
}

static async Task<int> CompareAsync(string[] args)
{
    using var stop = new StopSignals();
    var root = new RootCommand("Benchmarks: compare, engine, micro; './quicchat bench --help' tells of them.") { new CompareVerb() };
    return await root.Parse(args).InvokeAsync(
        new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, stop.Token);
}
