using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using QuicChat.Abstractions;
using QuicChat.Gateway.Identity;
using QuicChat.Gateway.Limits;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;

namespace QuicChat.Gateway.Hosting;

/// <summary>The command line of a gateway.</summary>
internal static class GatewayCommand
{
    private const string TokenKeyFileName = "token.key";

    // Whoever stops a gateway waits 10 s for it.
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(9);

    private static readonly Option<string> Store = new("--store")
    {
        Description = "The store in which silos are found: HOST:PORT of Redis 7 or newer, or of QuicChat.Store, "
            + "or a StackExchange.Redis connection string.",
        HelpName = "CONN",
        Required = true,
        CustomParser = ParseStore,
    };

    private static readonly Option<string> Id = new("--id")
    {
        Description = "The gateway's name, unique in the cluster.",
        HelpName = "NAME",
        DefaultValueFactory = _ => "gw-1",
    };

    private static readonly Option<uint> ServerId = new("--server-id")
    {
        Description = "The gateway's number in connection IDs, unique in the cluster; without it the cluster chooses.",
        HelpName = "N",
        CustomParser = ParseServerId,
    };

    private static readonly Option<IPEndPoint> Listen = new("--listen")
    {
        Description = "The UDP address and port; port 0 takes a free one. [::] takes IPv4 and IPv6.",
        HelpName = "ADDRESS:PORT",
        DefaultValueFactory = _ => new IPEndPoint(IPAddress.IPv6Any, 4433),
        CustomParser = ParseEndPoint,
    };

    private static readonly Option<string> Advertise = new("--advertise")
    {
        Description = "Where clients reach this gateway; those of another one that goes away are sent there. Without it where it listens, "
            + "unless that is all addresses.",
        HelpName = "HOST[:PORT]",
    };

    private static readonly Option<IPEndPoint> Link = new("--link")
    {
        Description = "Where other gateways hand this one the datagrams of clients whose new path leads to them; port 0 takes a free one. Without it a free port of "
            + "the address of --listen, or where that is all addresses, of the one that the store is reached from.",
        HelpName = "ADDRESS:PORT",
        CustomParser = ParseEndPoint,
    };

    private static readonly Option<Uri> Web = new("--web")
    {
        Description = "Where the pages for operators are served (health, status, metrics), to whoever asks; "
            + "https takes the gateway's certificate, and with the engine ngtcp2 serves HTTP/3 too. Without it nowhere.",
        HelpName = "URL",
        CustomParser = ParseUrl,
    };

    private static readonly Option<QuicEngineKind> Engine = new("--engine")
    {
        Description = "The QUIC engine: auto, ngtcp2 or system; auto unless given.",
        HelpName = "ENGINE",
        CustomParser = ParseEngine,
    };

    private static readonly Option<RetryPolicy> Retry = new("--retry")
    {
        Description = "When clients prove their address by a Retry (RFC 9000, section 8.1.2), which costs one round trip: auto, while many handshakes are under way; "
            + "always; or never. It is auto unless given; the engine system decides by itself.",
        HelpName = "WHEN",
        CustomParser = ParseRetry,
    };

    private static readonly Option<string> Data = new("--data")
    {
        Description = $"Where the development certificate is (made where there is none), and {TokenKeyFileName}.",
        HelpName = "DIR",
        DefaultValueFactory = _ => ".quicchat",
    };

    private static readonly Option<string> Certificate = new("--certificate")
    {
        Description = "The certificate chain, PEM; without it the development certificate.",
        HelpName = "FILE",
    };

    private static readonly Option<string> Key = new("--key") { Description = "The certificate's private key, PEM.", HelpName = "FILE" };

    private static readonly Option<string> TokenKeyFile = new("--token-key")
    {
        Description = "The keys that tokens are verified with: a JWKS, public keys as PEM (RS256, ES256), or 32 bytes of Base64 (HS256); "
            + $"read again when it changes. Without it DIR/{TokenKeyFileName}.",
        HelpName = "FILE",
    };

    private static readonly Option<string> TokenIssuer = new("--token-issuer")
    {
        Description = $"The issuer (iss) that tokens must name; {new TokenOptions().Issuer} unless given.",
        HelpName = "TEXT",
    };

    private static readonly Option<string> TokenAudience = new("--token-audience")
    {
        Description = $"The audience (aud) that tokens must name; {new TokenOptions().Audience} unless given.",
        HelpName = "TEXT",
    };

    private static readonly Option<TimeSpan?> TokenClockSkew = new("--token-clock-skew")
    {
        Description = "By how much the issuer's clock may differ, such as 30s, which it is unless given.",
        HelpName = "TIME",
        CustomParser = ParseSeconds,
    };

    private static readonly Option<string> TokenNameClaim = new("--token-name-claim")
    {
        Description = $"The claim with the name shown to others; {new TokenOptions().NameClaim} unless given.",
        HelpName = "CLAIM",
    };

    private static readonly Option<int?> MaxConnections = Limit(
        "--max-connections", "How many connections this gateway takes", new LimitOptions().MaxConnections);

    private static readonly Option<int?> MaxUserConnections = Limit(
        "--max-user-connections", "How many of them one user may have", new LimitOptions().MaxConnectionsPerUser);

    private static readonly Option<int?> PublishRate = Limit(
        "--publish-rate", "How many messages a second one connection may publish", new LimitOptions().PublishRate);

    private static readonly Option<int?> HandshakeRate = Limit(
        "--handshake-rate", "How many connections a second may begin", new LimitOptions().HandshakeRate);

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

    private static readonly Option<bool> ExitWithParent = new("--exit-with-parent")
    {
        Description = "Stop when standard input reaches its end.",
    };

    /// <summary>Runs the gateway until it is told to stop.</summary>
    /// <returns>0 after an orderly stop, 1 where it could not start, 2 for wrong usage.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var command = new RootCommand("A gateway of QuicChat: owns the UDP port, speaks QUIC with clients.")
        {
            Store, Id, ServerId, Listen, Advertise, Link, Web, Engine, Retry, Data, Certificate, Key, TokenKeyFile, TokenIssuer, TokenAudience, TokenClockSkew, TokenNameClaim,
            MaxConnections, MaxUserConnections, PublishRate, HandshakeRate, ClusterId, ServiceId, ExitWithParent,
        };
        command.Validators.Add(result =>
        {
            if ((result.GetValue(Certificate) is null) != (result.GetValue(Key) is null))
            {
                result.AddError("--certificate and --key go together.");
            }
        });
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
            // The host has its own handling of signals.
            ProcessTerminationTimeout = null,
        });
    }

    // A word that is not known comes first: it is often the reason for what else is wrong.
    private static string DescribeUsageError(ParseResult parsed)
    {
        var message = parsed.UnmatchedTokens is [var unknown, ..] ? $"'{unknown}' is not known here." : parsed.Errors[0].Message;
        return $"{message.ReplaceLineEndings(" ").TrimEnd('.')}. See 'QuicChat.Gateway --help'.";
    }

    private static async Task<int> ServeAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        try
        {
            var data = parsed.GetRequiredValue(Data);
            var options = new GatewayOptions
            {
                Id = parsed.GetRequiredValue(Id),
                ServerId = parsed.GetValue(ServerId),
                Listen = parsed.GetRequiredValue(Listen),
                Advertise = parsed.GetValue(Advertise) ?? "",
                Link = parsed.GetValue(Link),
                Web = parsed.GetValue(Web),
                Engine = QuicEngine.Resolve(parsed.GetValue(Engine)),
                Retry = parsed.GetValue(Retry),
                Store = parsed.GetRequiredValue(Store),
                ClusterId = parsed.GetRequiredValue(ClusterId),
                ServiceId = parsed.GetRequiredValue(ServiceId),
            };
            var validation = new GatewayOptionsValidator().Validate(null, options);
            if (validation.Failed)
            {
                throw new GatewayStartException(string.Join(' ', validation.Failures));
            }

            var certificate = parsed.GetValue(Certificate) is { } file
                ? PemCertificate.Load(file, parsed.GetRequiredValue(Key), TimeProvider.System.GetUtcNow())
                : DevelopmentCertificate.Ensure(data, TimeProvider.System);
            using var host = GatewayHost.Build(
                options, certificate, tokens => Configure(tokens, parsed), limits => Configure(limits, parsed), parsed.GetValue(ExitWithParent));
            return await ServeAsync(host, options, certificate);
        }
        catch (Exception e) when (e is GatewayStartException or CertificateException or QuicEngineUnavailableException)
        {
            Console.Error.WriteLine(e.Message.ReplaceLineEndings(" "));
            return 1;
        }
        catch (OptionsValidationException e)
        {
            Console.Error.WriteLine(string.Join(' ', e.Failures));
            return 1;
        }
    }

    // What the command line does not name stays as the configuration says.
    private static void Configure(TokenOptions tokens, ParseResult parsed)
    {
        tokens.KeyFile = parsed.GetValue(TokenKeyFile)
            ?? (tokens.KeyFile.Length > 0 ? tokens.KeyFile : Path.Combine(parsed.GetRequiredValue(Data), TokenKeyFileName));
        tokens.Issuer = parsed.GetValue(TokenIssuer) ?? tokens.Issuer;
        tokens.Audience = parsed.GetValue(TokenAudience) ?? tokens.Audience;
        tokens.ClockSkew = parsed.GetValue(TokenClockSkew) ?? tokens.ClockSkew;
        tokens.NameClaim = parsed.GetValue(TokenNameClaim) ?? tokens.NameClaim;
    }

    private static void Configure(LimitOptions limits, ParseResult parsed)
    {
        limits.MaxConnections = parsed.GetValue(MaxConnections) ?? limits.MaxConnections;
        limits.MaxConnectionsPerUser = parsed.GetValue(MaxUserConnections) ?? limits.MaxConnectionsPerUser;

        // What may come at once keeps its proportion: two seconds' worth.
        if (parsed.GetValue(PublishRate) is { } publishRate)
        {
            (limits.PublishRate, limits.PublishBurst) = (publishRate, 2 * publishRate);
        }

        if (parsed.GetValue(HandshakeRate) is { } handshakeRate)
        {
            (limits.HandshakeRate, limits.HandshakeBurst) = (handshakeRate, 2 * handshakeRate);
        }
    }

    private static async Task<int> ServeAsync(IHost host, GatewayOptions options, PemCertificate certificate)
    {
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = lifetime.ApplicationStopping.Register(stopping.SetResult);
        try
        {
            await host.StartAsync();
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return 0;
        }

        var service = host.Services.GetRequiredService<GatewayService>();
        var endPoint = service.EndPoint;
        Console.Out.WriteLine(JsonSerializer.Serialize(new
        {
            ready = "gateway",
            id = options.Id,
            serverId = service.ServerId,
            endPoint = endPoint.ToString(),
            port = endPoint.Port,
            engine = options.Engine.ToString().ToLowerInvariant(),
            fingerprint = certificate.Fingerprint,
            web = host.Services.GetService<GatewayWeb>() is { } pages ? await pages.Serving : null,
        }));
        await stopping.Task;
        try
        {
            await host.StopAsync().WaitAsync(StopPatience);
            return 0;
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // Its lease ends by itself.
            Console.Error.WriteLine(
                $"The gateway could not leave the cluster in order within {options.StopTimeLimit.TotalSeconds:0} s; it ends now.");
            Environment.Exit(1);
            return 1;
        }
    }

    private static string? ParseStore(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        try
        {
            StoreAddress.Parse(text, "");
            return text;
        }
        catch (GatewayStartException e)
        {
            result.AddError(e.Message);
            return null;
        }
    }

    private static uint ParseServerId(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
        {
            return number;
        }

        result.AddError($"--server-id must be 1 to {uint.MaxValue}, not '{text}'.");
        return 0;
    }

    private static Option<int?> Limit(string name, string description, int standard) => new(name)
    {
        Description = $"{description}; {standard} unless given.",
        HelpName = "N",
        CustomParser = ParseLimit,
    };

    private static int? ParseLimit(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 1_000_000)
        {
            return number;
        }

        result.AddError($"{((OptionResult)result.Parent!).Option.Name} must be 1 to 1000000, not '{text}'.");
        return null;
    }

    private static TimeSpan? ParseSeconds(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (double.TryParse(text.TrimEnd('s'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds <= 86_400)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        result.AddError($"{((OptionResult)result.Parent!).Option.Name} must be a time in seconds such as 30s, not '{text}'.");
        return null;
    }

    private static IPEndPoint? ParseEndPoint(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (IPEndPoint.TryParse(text, out var endPoint) && text.EndsWith($":{endPoint.Port}", StringComparison.Ordinal))
        {
            return endPoint;
        }

        result.AddError($"{((OptionResult)result.Parent!).Option.Name} must be an address and port such as [::]:4433 or 127.0.0.1:0, not '{text}'.");
        return null;
    }

    private static Uri? ParseUrl(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (Uri.TryCreate(text, UriKind.Absolute, out var url))
        {
            return url;
        }

        result.AddError($"--web must be an address such as http://127.0.0.1:8081 or https://0.0.0.0:8443, not '{text}'.");
        return null;
    }

    private static RetryPolicy ParseRetry(ArgumentResult result)
    {
        switch (result.Tokens[0].Value)
        {
            case "auto":
                return RetryPolicy.UnderLoad;
            case "always":
                return RetryPolicy.Always;
            case "never":
                return RetryPolicy.Never;
            case var text:
                result.AddError($"--retry must be auto, always or never, not '{text}'.");
                return default;
        }
    }

    private static QuicEngineKind ParseEngine(ArgumentResult result)
    {
        switch (result.Tokens[0].Value)
        {
            case "auto":
                return QuicEngineKind.Auto;
            case "ngtcp2":
                return QuicEngineKind.Ngtcp2;
            case "system":
                return QuicEngineKind.System;
            case var text:
                result.AddError($"--engine must be auto, ngtcp2 or system, not '{text}'.");
                return default;
        }
    }
}
