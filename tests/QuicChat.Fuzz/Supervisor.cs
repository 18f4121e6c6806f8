using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using QuicChat.Fuzz.Coverage;

namespace QuicChat.Fuzz;

/// <summary>Runs each target in a process of its own, which may end by an assertion of a native library, or never, and keeps what ended it.</summary>
internal sealed class Supervisor(WorkOptions options)
{
    // The slowest input takes a second or two; to begin takes longer, where all code is instrumented.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    private long _executions;
    private long _edges;
    private int _findings;
    private volatile bool _isStopping;

    /// <summary>Runs all targets, which share the time. The last line says what came of it, also of a part where it is interrupted.</summary>
    /// <returns>0, or 1 where something was found, or 130 where it was interrupted before.</returns>
    public int Run()
    {
        var targets = options.Targets.Count > 0 ? options.Targets : [.. FuzzTargets.Names];
        if (targets.FirstOrDefault(target => !FuzzTargets.IsOne(target)) is { } unknown)
        {
            throw new UsageException($"There is no target '{unknown}'; there are: {string.Join(", ", FuzzTargets.Names)}.");
        }

        if (!Directory.Exists(options.Corpus))
        {
            throw new DirectoryNotFoundException($"There is no corpus in '{options.Corpus}'; name a folder with --corpus.");
        }

        Console.WriteLine($"seed {options.Seed}");
        var program = options.IsGuided ? Instrumentation.Copy(Path.Combine(options.Output, "instrumented")) : typeof(Supervisor).Assembly.Location;
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        foreach (var target in targets.TakeWhile(_ => !_isStopping))
        {
            Run(program, target, options.Seconds / targets.Count);
        }

        Console.WriteLine($"{_executions} executions, {_edges} edges, {_findings} findings{(_isStopping ? ", interrupted" : "")}");
        return _findings > 0 ? 1 : _isStopping ? 130 : 0;
    }

    private void Run(string program, string target, double seconds)
    {
        using var last = new LastInput(Worker.StateOf(options, target));
        last.Clear();
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };

        // A process that dies here has told all that it can.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        foreach (var argument in (string[])[
            program, "work", "--target", target, "--seconds", seconds.ToString(CultureInfo.InvariantCulture), "--seed", $"{options.Seed}",
            "--corpus", options.Corpus, "--output", options.Output, .. options.IsGuided ? ["--guided"] : Array.Empty<string>(), .. options.Keeps ? ["--keep"] : Array.Empty<string>()])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException("No worker could be started.");
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        var hangs = Watch(process, last);
        _executions += last.Begun;
        if (_isStopping)
        {
            return;
        }

        if (!hangs && process.ExitCode == 0)
        {
            var result = JsonDocument.Parse(output.Result.TrimEnd().Split('\n')[^1]).RootElement;
            var edges = result.GetProperty("edges").GetInt64();
            _edges += edges;
            Console.WriteLine(
                $"{target,-16}{result.GetProperty("executions").GetInt64(),10} executions, {edges,6} edges, {result.GetProperty("kept").GetInt32(),5} new inputs");
            return;
        }

        _findings++;
        var folder = Path.Combine(options.Output, "crashes");
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, $"{target}-{Worker.NameOf(last.Input)}");
        File.WriteAllBytes(file, last.Input);
        var how = hangs ? $"has not ended after {Patience.TotalSeconds} s" : $"ended its process with {process.ExitCode}";
        Console.WriteLine($"{target,-16}found: after {last.Begun} executions an input {how}: {file}");
        Console.WriteLine(error.Result);
    }

    private void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        _isStopping = true;
    }

    // Whether it stands still; it is then ended, as it is when all is to end.
    private bool Watch(Process process, LastInput last)
    {
        var (begun, since) = (last.Begun, Stopwatch.StartNew());
        while (!process.WaitForExit(LookInterval))
        {
            if (_isStopping)
            {
                process.Kill();
            }
            else if (last.Begun != begun)
            {
                (begun, since) = (last.Begun, Stopwatch.StartNew());
            }
            else if (since.Elapsed > Patience)
            {
                process.Kill();
                process.WaitForExit();
                return true;
            }
        }

        process.WaitForExit();
        return false;
    }
}
