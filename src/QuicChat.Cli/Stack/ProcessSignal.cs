using System.Diagnostics;
using System.Globalization;

namespace QuicChat.Cli.Stack;

/// <summary>What .NET cannot say to another process.</summary>
internal static class ProcessSignal
{
    /// <summary>Asks a process to end in order, by SIGTERM; one that has ended already is left alone.</summary>
    public static void Terminate(int id)
    {
        using var kill = Process.Start(
            new ProcessStartInfo("kill", ["-TERM", id.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardError = true })!;
        kill.WaitForExit();
    }
}
