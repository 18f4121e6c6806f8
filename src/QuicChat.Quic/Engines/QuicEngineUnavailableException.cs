namespace QuicChat.Quic.Engines;

/// <summary>No engine of the kind asked for can run here; the message names what to install.</summary>
public sealed class QuicEngineUnavailableException(string message, Exception? innerException = null)
    : Exception(message, innerException);
