using System.Text;
using QuicChat.Quic.Engines;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>Refuses options that make no sense before anything starts with them; libngtcp2 ends the process on some.</summary>
internal static class OptionsCheck
{
    // One byte tells the length of a name (RFC 7301, section 3.1).
    private const int MaxProtocolLength = 255;

    /// <exception cref="ArgumentException">An option makes no sense; the message names it.</exception>
    public static void Check(QuicListenerOptions options)
    {
        CheckProtocol(options.ApplicationProtocol);
        CheckTimeout(options.IdleTimeout, nameof(options.IdleTimeout));
        CheckTimeout(options.HandshakeTimeout, nameof(options.HandshakeTimeout));
        CheckTimeout(options.KeepAliveInterval, nameof(options.KeepAliveInterval));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.MigrationTimeout, TimeSpan.Zero, nameof(options.MigrationTimeout));
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxBidirectionalStreams, nameof(options.MaxBidirectionalStreams));
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxUnidirectionalStreams, nameof(options.MaxUnidirectionalStreams));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.StreamReceiveWindow, nameof(options.StreamReceiveWindow));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.ConnectionReceiveWindow, nameof(options.ConnectionReceiveWindow));
    }

    /// <exception cref="ArgumentException">An option asks for what System.Net.Quic does not offer; the message names it.</exception>
    public static void CheckForSystem(QuicListenerOptions options)
    {
        if (options.Retry != RetryPolicy.UnderLoad)
        {
            throw new ArgumentException(
                $"The engine 'system' decides by itself when clients prove their address; {options.Retry} needs the engine 'ngtcp2'.", nameof(options.Retry));
        }
    }

    /// <exception cref="ArgumentException">An option makes no sense; the message names it.</exception>
    public static void Check(QuicClientOptions options)
    {
        CheckProtocol(options.ApplicationProtocol);
        CheckTimeout(options.IdleTimeout, nameof(options.IdleTimeout));
        CheckTimeout(options.HandshakeTimeout, nameof(options.HandshakeTimeout));
        CheckTimeout(options.KeepAliveInterval, nameof(options.KeepAliveInterval));
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxUnidirectionalStreams, nameof(options.MaxUnidirectionalStreams));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.StreamReceiveWindow, nameof(options.StreamReceiveWindow));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.ConnectionReceiveWindow, nameof(options.ConnectionReceiveWindow));
        switch (options.Trust)
        {
            case ServerTrust.Pinned { Sha256.Length: not 32 } pinned:
                throw new ArgumentException($"A SHA-256 fingerprint is 32 bytes long, not {pinned.Sha256.Length}.", nameof(pinned.Sha256));
            case not ServerTrust.Pinned when options.Trust.Host.Length == 0:
                throw new ArgumentException(
                    "The name of the server's host is empty; the certificate must carry one.", nameof(ServerTrust.Authority.HostName));
        }
    }

    private static void CheckProtocol(string name)
    {
        if (name.Length is 0 or > MaxProtocolLength || !Ascii.IsValid(name))
        {
            throw new ArgumentException(
                $"'{name}' is not the name of an application protocol: it has 1 to {MaxProtocolLength} ASCII characters.",
                nameof(QuicListenerOptions.ApplicationProtocol));
        }
    }

    private static void CheckTimeout(TimeSpan value, string name)
    {
        if (value <= TimeSpan.Zero && value != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(name, value, "A time is longer than zero, or Timeout.InfiniteTimeSpan for none.");
        }
    }
}
