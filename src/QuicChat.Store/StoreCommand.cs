using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace QuicChat.Store;

/// <summary>The command line of the store.</summary>
public static class StoreCommand
{
    private static readonly Option<DirectoryInfo> Data = new("--data")
    {
        Description = "The directory of the data.",
        HelpName = "DIR",
        DefaultValueFactory = _ => new DirectoryInfo(StoreOptions.DefaultDirectory),
    };

    private static readonly Option<int> Port = new("--port")
    {
        Description = "The TCP port; 0 takes a free one.",
        HelpName = "N",
        DefaultValueFactory = _ => StoreOptions.DefaultPort,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return number;
            }

            result.AddError($"--port must be 0 to 65535, not '{text}'.");
            return 0;
        },
    };

    private static readonly Option<IPAddress> Bind = new("--bind")
    {
        Description = "The address to listen on. The store asks for no password: leave it on the loopback address, or behind a firewall.",
        HelpName = "ADDRESS",
        DefaultValueFactory = _ => IPAddress.Loopback,
        CustomParser = result =>
        {
            if (IPAddress.TryParse(result.Tokens[0].Value, out var address))
            {
                return address;
            }

            result.AddError($"'{result.Tokens[0].Value}' is not an IP address.");
            return IPAddress.None;
        },
    };

    private static readonly Option<bool> ExitWithParent = new("--exit-with-parent")
    {
        Description = "Stop when standard input reaches its end.",
    };

    /// <summary>Runs the store until it is told to stop.</summary>
    /// <returns>0 after an orderly stop, 1 where it could not start, 2 for wrong usage.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var command = new RootCommand("The store of QuicChat: Garnet, Redis-compatible and durable.") { Data, Port, Bind, ExitWithParent };
        command.SetAction(ServeAsync);

        var parsed = command.Parse(args);
        var exitCode = await parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = Console.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeSpan.FromSeconds(10),
        });
        return parsed.Errors.Count > 0 ? 2 : exitCode;
    }

    private static async Task<int> ServeAsync(ParseResult parsed, CancellationToken stop)
    {
        using var loggers = LoggerFactory.Create(logging => logging
            .SetMinimumLevel(LogLevel.Warning)
            .AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "HH:mm:ss.fff ";
            })
            .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
        try
        {
            using var store = StoreServer.Start(
                new StoreOptions(parsed.GetRequiredValue(Data), parsed.GetRequiredValue(Bind), parsed.GetValue(Port)), loggers);
            var reachable = store.EndPoint.Address.Equals(IPAddress.Any) ? new IPEndPoint(IPAddress.Loopback, store.EndPoint.Port)
                : store.EndPoint.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.IPv6Loopback, store.EndPoint.Port)
                : store.EndPoint;
            Console.Out.WriteLine(JsonSerializer.Serialize(new { ready = "store", connectionString = reachable.ToString() }));
            await StoppedAsync(parsed.GetValue(ExitWithParent), stop);
            return 0;
        }
        catch (StoreException error)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
    }

    private static async Task StoppedAsync(bool withParent, CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = stop.Register(stopped.SetResult);
        await (withParent ? Task.WhenAny(stopped.Task, ParentProcess.WaitForExitAsync(stop)) : stopped.Task);
    }
}
