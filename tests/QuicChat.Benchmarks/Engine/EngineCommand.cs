using System.CommandLine;
using System.CommandLine.Invocation;
using QuicChat.Cli.Verbs;
using Spectre.Console;

namespace QuicChat.Benchmarks.Engine;

/// <summary>The command line of the engine's benchmark.</summary>
internal static class EngineCommand
{
    /// <summary>Runs <c>engine</c> with its options.</summary>
    /// <returns>0; 1 where it could not be run to its end.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var json = new Option<bool>("--json") { Description = "One line of JSON instead of a table" };
        var pairs = Choice.Number("--pairs", 7, 1, 1000, "Pairs A B of each measurement.");
        var megabytes = Choice.Number("--megabytes", 300, 1, 100_000, "Size of the transfer, in 10^6 bytes");
        var handshakes = Choice.Number("--handshakes", 2000, 1, 1_000_000, "Handshakes a run");
        var connections = Choice.Number("--connections", 2000, 1, 25_000, "Idle connections whose memory is measured.");
        var only = new Option<string?>("--only") { Description = "One of them: bulk, handshakes or memory" };
        only.AcceptOnlyFromAmong(EngineBenchmark.Bulk, EngineBenchmark.Handshakes, EngineBenchmark.Memory);
        var command = new RootCommand(
            "Measures the engine ngtcp2 beside gtlsserver and gtlsclient, in turns: bulk rate, handshakes, memory.")
        {
            json, pairs, megabytes, handshakes, connections, only,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = new EngineOptions
            {
                Pairs = parsed.GetValue(pairs),
                Bytes = parsed.GetValue(megabytes) * 1_000_000L,
                Handshakes = parsed.GetValue(handshakes),
                Connections = parsed.GetValue(connections),
                Only = parsed.GetValue(only),
            };
            var benchmark = new EngineBenchmark(options, Console.Error.WriteLine);
            var isPartial = true;
            try
            {
                await benchmark.RunAsync(cancellationToken);
                isPartial = false;
            }
            finally
            {
                Tell(options, benchmark.Results, isPartial, parsed.GetValue(json));
            }

            return ExitCode.Held;
        });
        var result = command.Parse(arguments);
        if (result.Action is ParseErrorAction)
        {
            await Console.Error.WriteLineAsync($"engine: {result.Errors[0].Message.TrimEnd('.')}. See './quicchat bench engine -- --help'.");
            return ExitCode.Usage;
        }

        try
        {
            return await result.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or BenchmarkException)
        {
            await Console.Error.WriteLineAsync($"engine: {e.Message}");
            return ExitCode.Failed;
        }
    }

    // An interrupted run tells what it has.
    private static void Tell(EngineOptions options, IReadOnlyList<Measurement> results, bool isPartial, bool isJson)
    {
        if (isJson)
        {
            Console.WriteLine(EngineReport.ToJson(options, results, isPartial));
        }
        else
        {
            AnsiConsole.Write(MeasurementText.Draw([(isPartial ? "engine, in part" : "engine", results)]));
        }
    }
}
