namespace QuicChat.Quic.Certificates;

/// <summary>A certificate cannot be used; the message names the file and what to do.</summary>
public sealed class CertificateException(string message, Exception? innerException = null) : Exception(message, innerException);
