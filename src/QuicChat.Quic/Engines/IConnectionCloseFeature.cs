namespace QuicChat.Quic.Engines;

/// <summary>Closing a connection with an application error code and reason (RFC 9000, section 10.2), and learning how it ended.</summary>
public interface IConnectionCloseFeature
{
    /// <summary>
    /// Closes the connection; later calls change nothing. The ngtcp2 engine first sends what streams have already flushed, as far as the
    /// path allows; System.Net.Quic drops what it has not sent yet.
    /// </summary>
    /// <param name="errorCode">The application error code, below 2^62.</param>
    /// <param name="reason">Words for the peer's log; cut at 256 bytes of UTF-8. System.Net.Quic sends the code alone.</param>
    void Close(ulong errorCode, string reason);

    /// <summary>Completes, never faulted, when the connection has ended by either side or by time.</summary>
    Task<ConnectionClosure> Closed { get; }
}
