using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Driver;
using QuicChat.Quic.Ngtcp2.Interop;

namespace QuicChat.Quic.Ngtcp2;

/// <summary>The one place that decides which engine runs.</summary>
public static class QuicEngine
{
    /// <summary>Resolves <see cref="QuicEngineKind.Auto"/> and checks that the engine can run here.</summary>
    /// <returns>The engine's kind, never Auto.</returns>
    /// <exception cref="QuicEngineUnavailableException">It cannot; the message names what to install.</exception>
    public static QuicEngineKind Resolve(QuicEngineKind kind)
    {
        if (kind == QuicEngineKind.System)
        {
            throw new QuicEngineUnavailableException(
                "The engine 'system' (System.Net.Quic) is not part of this version yet. Use 'auto' or 'ngtcp2'.");
        }

        NativeLibraries.EnsureLoaded();
        return QuicEngineKind.Ngtcp2;
    }

    /// <summary>Makes a factory of listeners.</summary>
    /// <exception cref="QuicEngineUnavailableException">The engine cannot run here.</exception>
    /// <exception cref="ArgumentException">An option makes no sense; the message names it.</exception>
    public static IMultiplexedConnectionListenerFactory CreateListenerFactory(
        QuicEngineKind kind, QuicListenerOptions options, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        Resolve(kind);
        OptionsCheck.Check(options);
        return new Ngtcp2ListenerFactory(options, loggerFactory ?? NullLoggerFactory.Instance);
    }

    /// <summary>Makes a factory of client connections. All factories of a process share one driver thread.</summary>
    /// <exception cref="QuicEngineUnavailableException">The engine cannot run here.</exception>
    /// <exception cref="ArgumentException">An option makes no sense; the message names it.</exception>
    public static IMultiplexedConnectionFactory CreateConnectionFactory(
        QuicEngineKind kind, QuicClientOptions options, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        Resolve(kind);
        OptionsCheck.Check(options);
        return new Ngtcp2ConnectionFactory(options, loggerFactory ?? NullLoggerFactory.Instance);
    }
}
