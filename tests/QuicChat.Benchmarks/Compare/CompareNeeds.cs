using System.CommandLine;
using QuicChat.Cli.Bench;
using QuicChat.Cli.Load;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;

namespace QuicChat.Benchmarks.Compare;

/// <summary>Finds what a comparison will lack before it begins, and not after an hour.</summary>
internal static class CompareNeeds
{
    /// <summary>Refuses what cannot be run to its end.</summary>
    /// <exception cref="ToolException">
    /// Something is not installed or not built, or a workload needs more files or ports than there are; the message says how to get it.
    /// </exception>
    public static void Check(CompareSettings settings)
    {
        var workloads = Workloads.Create(settings.IsQuick).Where(workload => settings.Includes(workload.Key)).ToList();
        if (workloads.Count > 0)
        {
            CheckInstalled(settings, "redis-server");
            CheckInstalled(settings, "redis-cli");
            ServerProgram.Silo.Line([]);
            ServerProgram.Gateway.Line([]);
        }

        foreach (var trial in workloads.SelectMany(workload => workload.Ours.Concat(workload.Peer)))
        {
            trial.Program.Command(trial.Options);
        }

        var limits = LoadLimits.OfThisMachine();
        workloads.ForEach(workload => CheckLimits(workload, limits));

        if (settings.IncludesEngine)
        {
            CheckEngine();
        }
    }

    private static void CheckInstalled(CompareSettings settings, string program)
    {
        if (!SystemProgram.IsInstalled(program))
        {
            var instead = settings.IncludesEngine ? ", or give --only bulk,handshakes" : "";
            throw new ToolException(
                $"there is no '{program}' on the PATH, on which W1 to W6 and migration run; "
                + $"install it (Debian: apt-get install redis-server){instead}.");
        }
    }

    /// <summary>Refuses a workload that needs more open files or ports than there are, on either side.</summary>
    /// <exception cref="ToolException">It does.</exception>
    public static void CheckLimits(Workload workload, LoadLimits limits)
    {
        foreach (var trial in workload.Ours)
        {
            var load = new LoadVerb();
            try
            {
                limits.Check(load.Read(load.Parse([.. trial.Program.Arguments(trial.Options).Skip(1)])));
            }
            catch (UsageException e)
            {
                throw new ToolException($"{workload.Key}, {e.Message}, or leave {workload.Key} away with --only.", e);
            }
        }

        // Each of the peer's clients has a socket of its own, here and in its server.
        foreach (var trial in workload.Peer)
        {
            var files = ReadPeer(trial).Connections + LoadLimits.OtherFiles;
            if (files > limits.OpenFiles)
            {
                throw new ToolException(
                    $"{workload.Key}, {trial.Program.Name}: its clients need {files} open files, "
                    + $"and this process may have {limits.OpenFiles}; raise the limit with 'ulimit -n {files}', or leave {workload.Key} away with --only.");
            }
        }
    }

    // Its program takes the same options, and some of its own.
    private static LoadSettings ReadPeer(Trial trial)
    {
        var options = new LoadOptions();
        var command = new Command("load") { TreatUnmatchedTokensAsErrors = false };
        foreach (var option in options.All)
        {
            command.Options.Add(option);
        }

        return options.Read(command.Parse([.. trial.Program.Arguments(trial.Options).Skip(1)]), QuicEngineKind.Auto);
    }

    private static void CheckEngine()
    {
        try
        {
            QuicEngine.Resolve(QuicEngineKind.Ngtcp2);
        }
        catch (QuicEngineUnavailableException e)
        {
            throw new ToolException(e.Message, e);
        }
    }
}
