using System.Diagnostics;
using Xunit;

namespace QuicChat.Fuzz.Tests;

/// <summary>One run of the fuzzer, with an output folder of its own.</summary>
internal sealed class FuzzRun : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("quicchat-fuzz-");

    public int ExitCode { get; private set; }

    public string Output { get; private set; } = "";

    /// <summary>What it kept of its findings.</summary>
    public IReadOnlyList<FileInfo> Crashes
        => Directory.Exists(Path.Combine(_folder.FullName, "crashes")) ? new DirectoryInfo(Path.Combine(_folder.FullName, "crashes")).GetFiles() : [];

    /// <summary>Runs it, and shows what it says.</summary>
    public static async Task<FuzzRun> RunAsync(params string[] arguments)
    {
        var run = new FuzzRun();
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[Path.Combine(Root.Path, "tests", "QuicChat.Fuzz", "bin", "Release", "net10.0", "QuicChat.Fuzz.dll"), .. arguments, "--output", run._folder.FullName])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException("The fuzzer could not be started.");
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(Limit);
        run.Output = $"{await output}{await error}";
        run.ExitCode = process.ExitCode;
        TestContext.Current.TestOutputHelper?.WriteLine(run.Output);
        return run;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
