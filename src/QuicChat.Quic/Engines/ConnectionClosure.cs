namespace QuicChat.Quic.Engines;

/// <summary>How a connection ended.</summary>
/// <param name="Origin">Who or what ended it.</param>
/// <param name="ApplicationErrorCode">The application error code, where an application closed it.</param>
/// <param name="TransportErrorCode">The transport error code (RFC 9000, section 20.1), where the protocol closed it.</param>
/// <param name="Reason">Words for a log; may be empty.</param>
public sealed record ConnectionClosure(
    ConnectionCloseOrigin Origin,
    ulong? ApplicationErrorCode,
    ulong? TransportErrorCode,
    string Reason);
