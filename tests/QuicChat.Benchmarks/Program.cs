using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using QuicChat.Benchmarks.Engine;

// Within this process: a project that is generated for each run would have to be built first.
var config = DefaultConfig.Instance.AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).AsMutator());

return args switch
{
    ["engine", .. var options] => await EngineCommand.RunAsync(options),
    ["serve", var directory] => await EngineServer.RunAsync(directory),
    _ => BenchmarkSwitcher.FromAssembly(typeof(EngineCommand).Assembly).Run(args, config).SelectMany(summary => summary.Reports).All(report => report.Success) ? 0 : 1,
};
