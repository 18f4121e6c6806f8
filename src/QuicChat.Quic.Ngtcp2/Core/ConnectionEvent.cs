using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>What a connection's core has to tell its driver.</summary>
internal abstract record ConnectionEvent
{
    private ConnectionEvent()
    {
    }

    /// <summary>A client has said whom it wants to speak to, and waits for <see cref="ConnectionCore.Continue"/>.</summary>
    /// <param name="ServerName">The host's name (RFC 6066, section 3); empty where the client names none.</param>
    public sealed record ClientGreeted(string ServerName) : ConnectionEvent;

    /// <summary>The handshake completed and the peer is who it must be.</summary>
    public sealed record HandshakeCompleted : ConnectionEvent;

    /// <summary>The peer opened a stream.</summary>
    public sealed record StreamAccepted(StreamCore Stream) : ConnectionEvent;

    /// <summary>The peer allows more streams to be opened.</summary>
    public sealed record StreamsAvailable : ConnectionEvent;

    /// <summary>Something happened to the path.</summary>
    public sealed record PathChanged(PathEvent Event) : ConnectionEvent;

    /// <summary>The client uses another path now, by its own will.</summary>
    public sealed record Moved(NetworkPath Path) : ConnectionEvent;

    /// <summary>The engine made a mistake, and ends the connection for it.</summary>
    public sealed record Faulted(Exception Error) : ConnectionEvent;

    /// <summary>The connection has ended; nothing follows.</summary>
    public sealed record Closed(ConnectionClosure Closure) : ConnectionEvent;
}
