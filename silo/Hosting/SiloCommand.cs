using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using QuicChat.Abstractions;
using QuicChat.Abstractions.Policies;
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
        CustomParser = ParseStore,
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

    private static readonly Option<FileInfo?> MigrationPolicyFile = new("--migration-policy")
    {
        Description = "A file with the migration policy, as 'quicchat admin policy get' prints it; one that an operator has set goes before it.",
        HelpName = "FILE",
    };

    private static readonly Option<FileInfo?> WebTokenFile = new("--web-token-file")
    {
        Description = "A file with the token that the pages ask for where --web is not a loopback address; without it a new one is made and printed.",
        HelpName = "FILE",
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
            Store, Name, SiloPort, ClientPort, Advertise, Web, ClusterId, ServiceId, MigrationTimeout, MigrationPolicyFile, WebTokenFile,
            ExitWithParent,
        };
        command.SetAction(ServeAsync);

        var parsed = command.Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            Console.Error.WriteLine(DescribeUsageError(parsed));
            return 2;
        }

        return await parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = Console.Error,
            EnableDefaultExceptionHandler = false,
            // Signals are handled below, from before the host is there.
            ProcessTerminationTimeout = null,
        });
    }

    // A word that is not known comes first: it is often the reason for what else is wrong.
    private static string DescribeUsageError(ParseResult parsed)
    {
        var message = parsed.UnmatchedTokens is [var unknown, ..] ? $"'{unknown}' is not known here." : parsed.Errors[0].Message;
        return $"{message.ReplaceLineEndings(" ").TrimEnd('.')}. See 'QuicChat.Silo --help'.";
    }

    private static async Task<int> ServeAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var stop = new CancellationTokenSource();
        using var terminate = StopAt(PosixSignal.SIGTERM, stop);
        using var interrupt = StopAt(PosixSignal.SIGINT, stop);
        try
        {
            await ServeAsync(ReadOptions(parsed), stop.Token);
            return 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
        catch (SiloException error)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
    }

    private static SiloOptions ReadOptions(ParseResult parsed)
    {
        var web = parsed.GetRequiredValue(Web);
        return new SiloOptions
        {
            Store = parsed.GetRequiredValue(Store),
            Name = parsed.GetRequiredValue(Name),
            SiloPort = parsed.GetValue(SiloPort),
            ClientPort = parsed.GetValue(ClientPort),
            Advertise = parsed.GetRequiredValue(Advertise),
            Web = web,
            ClusterId = parsed.GetRequiredValue(ClusterId),
            ServiceId = parsed.GetRequiredValue(ServiceId),
            MigrationTimeout = parsed.GetValue(MigrationTimeout),
            MigrationPolicy = parsed.GetValue(MigrationPolicyFile) is { } policy ? ReadPolicy(policy) : MigrationPolicy.Open,
            WebToken = WebAccess.IsLoopback(web) ? null
                : parsed.GetValue(WebTokenFile) is { } file ? ReadToken(file)
                : WebAccess.NewToken(),
            ExitWithParent = parsed.GetValue(ExitWithParent),
        };
    }

    private static MigrationPolicy ReadPolicy(FileInfo file)
    {
        try
        {
            return MigrationPolicyJson.Parse(File.ReadAllBytes(file.FullName));
        }
        catch (MigrationPolicyException error)
        {
            throw new SiloException($"'{file}', {error.Message}; mend the file, or start without --migration-policy.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SiloException($"'{file}' cannot be read ({error.Message.TrimEnd('.')}); name another with --migration-policy.", error);
        }
    }

    private static string ReadToken(FileInfo file)
    {
        try
        {
            return File.ReadAllText(file.FullName).Trim() is { Length: >= 16 } token
                ? token
                : throw new SiloException($"'{file}' holds no token of 16 characters or more; write one, such as 'openssl rand -hex 16' makes.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SiloException($"'{file}' cannot be read ({error.Message.TrimEnd('.')}); name another with --web-token-file.", error);
        }
    }

    private static async Task ServeAsync(SiloOptions options, CancellationToken stop)
    {
        options = SiloPorts.Find(options);
        await using var store = await StoreConnection.OpenAsync(options.Store, options.Name).WaitAsync(stop);
        await using var app = SiloHost.Build(options, store, stop);
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        app.Lifetime.ApplicationStopping.Register(stopping.SetResult);
        using var giveUp = new CancellationTokenSource();
        using var told = stop.Register(() => giveUp.CancelAfter(StopPatience));
        try
        {
            await app.StartAsync().WaitAsync(giveUp.Token);
        }
        catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
        {
            EndNow();
        }
        catch (Exception error) when (error is not SiloException)
        {
            throw new SiloException($"The silo cannot start: {error.Message.ReplaceLineEndings(" ")}", error);
        }

        if (!stopping.Task.IsCompleted)
        {
            TellReady(options, app.Urls.First());
        }

        await stopping.Task;
        try
        {
            await app.StopAsync().WaitAsync(StopPatience);
        }
        catch (TimeoutException)
        {
            // Without the store Orleans tries for two minutes to sign off. The other silos find out by themselves.
            EndNow();
        }
    }

    private static void EndNow()
    {
        Console.Error.WriteLine($"The silo could not leave the cluster in order within {StopPatience.TotalSeconds} s; it ends now.");
        Environment.Exit(1);
    }

    private static void TellReady(SiloOptions options, string web) => Console.Out.WriteLine(JsonSerializer.Serialize(new
    {
        ready = "silo",
        name = options.Name,
        siloPort = options.SiloPort,
        clientPort = options.ClientPort,
        web,
        // Without the slash at its end it would answer with a redirection.
        dashboard = $"{web}{SiloHost.DashboardPath}/{(options.WebToken is { } token ? $"?token={token}" : "")}",
    }));

    private static PosixSignalRegistration StopAt(PosixSignal signal, CancellationTokenSource stop)
        => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });

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

    private static string? ParseStore(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        try
        {
            StoreConnection.Parse(text);
            return text;
        }
        catch (SiloException error)
        {
            result.AddError(error.Message);
            return null;
        }
    }

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
