using System.CommandLine;
using QuicChat.Benchmarks.Compare;
using QuicChat.Benchmarks.SignalR;
using QuicChat.Cli.Load;

namespace QuicChat.Benchmarks.Tests;

/// <summary>What the trials of one pair would find, of made-up numbers; each trial's options are read as its program reads them.</summary>
internal static class SamplePair
{
    public static (Found Ours, Found Peer) Of(Workload workload, Random random)
    {
        var (ours, peer) = (new Found(), new Found());
        foreach (var trial in workload.Ours)
        {
            Assert.Same(BenchProgram.Load, trial.Program);
            var verb = new LoadVerb();
            ours.Add(trial.Name, SampleResult.Of(verb.Read(Parse(verb, trial, ours)), SampleResult.OurProcesses, random));
        }

        foreach (var trial in workload.Peer)
        {
            Assert.Same(BenchProgram.SignalR, trial.Program);
            var verb = new PeerVerb();
            peer.Add(trial.Name, SampleResult.Of(verb.Read(Parse(verb, trial, peer)), SampleResult.PeerProcesses, random));
        }

        return (ours, peer);
    }

    private static ParseResult Parse(Command verb, Trial trial, Found found)
    {
        var arguments = trial.Program.Arguments(trial.OptionsAfter(found));
        Assert.Equal("load", arguments[0]);
        var parsed = verb.Parse([.. arguments.Skip(1)]);
        Assert.True(parsed.Errors.Count == 0, $"{string.Join(' ', arguments)}: {string.Join(", ", parsed.Errors.Select(error => error.Message))}");
        return parsed;
    }
}
