using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using QuicChat.Quic.Conformance.Tests.Support;

namespace QuicChat.Kestrel.Tests.Support;

/// <summary>Runs <c>gtlsclient</c>, the HTTP/3 client that comes with ngtcp2.</summary>
internal static class GtlsClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Sends requests, and waits for all of them to end.</summary>
    /// <returns>All that the client has said.</returns>
    public static async Task<string> RunAsync(IPEndPoint server, IEnumerable<string> options, params string[] paths)
    {
        using var process = Start(server, options, paths);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().Within("gtlsclient to end", Patience);
        }
        catch (TimeoutException e)
        {
            process.Kill();
            throw new TimeoutException($"{e.Message} It said: {await output}{await errors}", e);
        }

        var said = $"{await output}{await errors}";
        return process.ExitCode == 0 ? said : throw new InvalidOperationException($"gtlsclient ended with {process.ExitCode}. It said: {said}");
    }

    public static Process Start(IPEndPoint server, IEnumerable<string> options, params string[] paths)
    {
        var start = new ProcessStartInfo("gtlsclient") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])
            ["--exit-on-all-streams-close", .. options, $"{server.Address}", $"{server.Port}", .. paths.Select(path => $"https://localhost:{server.Port}{path}")])
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException("gtlsclient is not installed. Run: eng/install-native --tests", e);
        }
    }
}
