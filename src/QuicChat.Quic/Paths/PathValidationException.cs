namespace QuicChat.Quic.Paths;

/// <summary>A path was not validated (RFC 9000, section 8.2), so the connection does not use it; it goes on where it was.</summary>
/// <param name="message">Why, in a sentence.</param>
public sealed class PathValidationException(string message) : IOException(message);
