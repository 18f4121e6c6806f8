using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Driver;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.SystemNet;

namespace QuicChat.Quic.Ngtcp2;

/// <summary>The one place that decides which engine runs.</summary>
public static class QuicEngine
{
    /// <summary>Resolves <see cref="QuicEngineKind.Auto"/> and checks that the engine can run here.</summary>
    /// <returns>The engine's kind, never Auto.</returns>
    /// <exception cref="QuicEngineUnavailableException">It cannot; the message names what to install.</exception>
    public static QuicEngineKind Resolve(QuicEngineKind kind)
        // MsQuic starts its threads when it is asked.
        => Choose(kind, NativeLibraries.Problem, () => SystemEngine.IsSupported);

    /// <summary>The version of libngtcp2, as it names itself; <see langword="null"/> where the engine ngtcp2 cannot run.</summary>
    public static string? Ngtcp2Version => NativeLibraries.Version;

    /// <summary>Makes a factory of listeners.</summary>
    /// <exception cref="QuicEngineUnavailableException">The engine cannot run here.</exception>
    /// <exception cref="ArgumentException">An option makes no sense; the message names it.</exception>
    public static IMultiplexedConnectionListenerFactory CreateListenerFactory(
        QuicEngineKind kind, QuicListenerOptions options, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var loggers = loggerFactory ?? NullLoggerFactory.Instance;
        var engine = Resolve(kind);
        OptionsCheck.Check(options);
        ArgumentNullException.ThrowIfNull(options.Certificate, nameof(options.Certificate));
        if (engine == QuicEngineKind.System)
        {
            OptionsCheck.CheckForSystem(options);
        }

        return engine == QuicEngineKind.System && SystemEngine.IsSupported
            ? new SystemListenerFactory(options, loggers)
            : new Ngtcp2ListenerFactory(options, loggers);
    }

    /// <summary>Makes a factory of client connections. All factories of a process share one driver thread.</summary>
    /// <exception cref="QuicEngineUnavailableException">The engine cannot run here.</exception>
    /// <exception cref="ArgumentException">An option makes no sense; the message names it.</exception>
    public static IMultiplexedConnectionFactory CreateConnectionFactory(
        QuicEngineKind kind, QuicClientOptions options, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var loggers = loggerFactory ?? NullLoggerFactory.Instance;
        var engine = Resolve(kind);
        OptionsCheck.Check(options);
        return engine == QuicEngineKind.System && SystemEngine.IsSupported
            ? new SystemConnectionFactory(options, loggers)
            : new Ngtcp2ConnectionFactory(options, loggers);
    }

    /// <summary>The decision itself.</summary>
    /// <param name="kind">What was asked for.</param>
    /// <param name="ngtcp2Problem">Why ngtcp2 cannot run here; <see langword="null"/> where it can.</param>
    /// <param name="isSystemSupported">Whether System.Net.Quic can; asked only where it matters.</param>
    internal static QuicEngineKind Choose(QuicEngineKind kind, string? ngtcp2Problem, Func<bool> isSystemSupported)
    {
        if (kind != QuicEngineKind.System && ngtcp2Problem is null)
        {
            return QuicEngineKind.Ngtcp2;
        }

        return (kind, ngtcp2Problem, isSystemSupported()) switch
        {
            (QuicEngineKind.Auto or QuicEngineKind.System, _, true) => QuicEngineKind.System,
            (_, null, _) => throw new QuicEngineUnavailableException(
                $"{SystemEngine.Requirement} Or use the engine 'ngtcp2', which can run here."),
            (_, { } problem, true) => throw new QuicEngineUnavailableException(
                $"{problem} Or use the engine 'system', which can run here."),
            (_, { } problem, false) => throw new QuicEngineUnavailableException(
                $"No QUIC engine can run here; one is enough. {problem} {SystemEngine.Requirement}"),
        };
    }
}
