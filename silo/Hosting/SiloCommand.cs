using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Text.Json;
using QuicChat.Abstractions;
using QuicChat.Silo.Storage;

namespace QuicChat.Silo.Hosting;

/// <summary>The command line of a silo.</summary>
public static class SiloCommand
{
    // Whoever stops a silo waits 10 s for it.
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(7);

    private static readonly Option<string> Store = new("--store")
    {
        Description = "The store: HOST:PORT of Redis 7 or newer, or of QuicChat.Store, or a StackExchange.Redis connection string.",
        HelpName = "CONN",
        Required = true,
    };

    private static readonly Option<string> Name = new("--name")
    {
        Description = "The silo's name in statistics and in the dashboard.",
        DefaultValueFactory = _ => "silo-1",
    };

    private static readonly Option<int> SiloPort = Port("--silo-port", SiloOptions.DefaultSiloPort, "The TCP port for other silos");

    private static readonly Option<int> ClientPort
        = Port("--client-port", SiloOptions.DefaultClientPort, "The TCP port for gateways and admin clients");

    private static readonly Option<IPAddress> Advertise = new("--advertise")
    {
        Description = "The address at which both ports are reached.",
        HelpName = "ADDRESS",
        DefaultValueFactory = _ => IPAddress.Loopback,
        CustomParser = ParseAddress,
    };

    private static readonly Option<Uri> Web = new("--web")
    {
        Description = "Where the dashboard and the health pages are served; port 0 takes a free one.",
        HelpName = "URL",
        DefaultValueFactory = _ => new Uri("http://127.0.0.1:8080"),
        CustomParser = ParseUrl,
    };

    private static readonly Option<string> ClusterId = new("--cluster-id")
    {
        Description = "The Orleans cluster ID.",
        HelpName = "ID",
        DefaultValueFactory = _ => ClusterDefaults.ClusterId,
    };

    private static readonly Option<string> ServiceId = new("--service-id")
    {
        Description = "The Orleans service ID.",
        HelpName = "ID",
        DefaultValueFactory = _ => ClusterDefaults.ServiceId,
    };

    private static readonly Option<TimeSpan> MigrationTimeout = new("--migration-timeout")
    {
        Description = "How long a migration attempt may stay unresolved, such as 500ms, 30s or 2m; at least 1s, at most 1h.",
        HelpName = "TIME",
        DefaultValueFactory = _ => TimeSpan.FromSeconds(30),
        CustomParser = ParseTimeout,
    };

    private static readonly Option<bool> ExitWithParent = new("--exit-with-parent")
    {
        Description = "Stop when standard input reaches its end.",
    };

    /// <summary>Runs the silo until it is told to stop.</summary>
    /// <returns>0 after an orderly stop, 1 where it could not start, 2 for wrong usage.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var command = new RootCommand("A silo of QuicChat: connections, rooms and migrations as Orleans grains.")
        {
            Store, Name, SiloPort, ClientPort, Advertise, Web, ClusterId, ServiceId, MigrationTimeout, ExitWithParent,
        };
        command.SetAction(ServeAsync);

        var parsed = command.Parse(args);
        var exitCode = await parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = Console.Error,
            EnableDefaultExceptionHandler = false,
            // The host has its own handling of signals.
            ProcessTerminationTimeout = null,
        });
        return parsed.Errors.Count > 0 ? 2 : exitCode;
    }

    private static async Task<int> ServeAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        try
        {
            await ServeAsync(new SiloOptions
            {
                Store = parsed.GetRequiredValue(Store),
                Name = parsed.GetRequiredValue(Name),
                SiloPort = parsed.GetValue(SiloPort),
                ClientPort = parsed.GetValue(ClientPort),
                Advertise = parsed.GetRequiredValue(Advertise),
                Web = parsed.GetRequiredValue(Web),
                ClusterId = parsed.GetRequiredValue(ClusterId),
                ServiceId = parsed.GetRequiredValue(ServiceId),
                MigrationTimeout = parsed.GetValue(MigrationTimeout),
                ExitWithParent = parsed.GetValue(ExitWithParent),
            });
            return 0;
        }
        catch (SiloException error)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
    }

    private static async Task ServeAsync(SiloOptions options)
    {
        options = SiloPorts.Find(options);
        await using var store = await StoreConnection.OpenAsync(options.Store, options.Name);
        await using var app = SiloHost.Build(options, store);
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        app.Lifetime.ApplicationStopping.Register(stopping.SetResult);
        try
        {
            await app.StartAsync();
        }
        catch (OperationCanceledException) when (stopping.Task.IsCompleted)
        {
            return;
        }
        catch (Exception error) when (error is not SiloException)
        {
            throw new SiloException($"The silo cannot start: {error.Message.ReplaceLineEndings(" ")}", error);
        }

        var web = app.Urls.First();
        Console.Out.WriteLine(JsonSerializer.Serialize(new
        {
            ready = "silo",
            name = options.Name,
            siloPort = options.SiloPort,
            clientPort = options.ClientPort,
            web,
            dashboard = web + SiloHost.DashboardPath,
        }));
        await stopping.Task;
        try
        {
            await app.StopAsync().WaitAsync(StopPatience);
        }
        catch (TimeoutException)
        {
            // Without the store Orleans tries for two minutes to sign off. The other silos find out by themselves.
            Console.Error.WriteLine($"The silo could not leave the cluster in order within {StopPatience.TotalSeconds} s; it ends now.");
            Environment.Exit(1);
        }
    }

    private static Option<int> Port(string name, int port, string description) => new(name)
    {
        Description = $"{description}; 0 takes a free one.",
        HelpName = "N",
        DefaultValueFactory = _ => port,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return number;
            }

            result.AddError($"{name} must be 0 to 65535, not '{text}'.");
            return 0;
        },
    };

    private static IPAddress? ParseAddress(ArgumentResult result)
    {
        if (IPAddress.TryParse(result.Tokens[0].Value, out var address))
        {
            return address;
        }

        result.AddError($"'{result.Tokens[0].Value}' is not an IP address.");
        return null;
    }

    private static Uri? ParseUrl(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttp)
        {
            return url;
        }

        result.AddError($"'{result.Tokens[0].Value}' is not an address such as http://127.0.0.1:8080.");
        return null;
    }

    private static TimeSpan ParseTimeout(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        var digits = text.TrimEnd('h', 'm', 's');
        double? unit = text[digits.Length..] switch { "ms" => 0.001, "s" => 1, "m" => 60, "h" => 3600, _ => null };
        if (unit is { } seconds
            && double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number * seconds is >= 1 and <= 3600)
        {
            return TimeSpan.FromSeconds(number * seconds);
        }

        result.AddError($"--migration-timeout must be a time from 1s to 1h such as 30s, not '{text}'.");
        return default;
    }
}
