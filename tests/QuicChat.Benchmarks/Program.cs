using BenchmarkDotNet.Running;
using QuicChat.Benchmarks.Engine;

return args switch
{
    ["engine", .. var options] => await EngineCommand.RunAsync(options),
    ["serve", var directory] => await EngineServer.RunAsync(directory),
    _ => BenchmarkSwitcher.FromAssembly(typeof(EngineCommand).Assembly).Run(args).SelectMany(summary => summary.Reports).All(report => report.Success) ? 0 : 1,
};
