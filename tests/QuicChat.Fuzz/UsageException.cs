namespace QuicChat.Fuzz;

/// <summary>The program was called in a way that it does not know; the message says what it knows.</summary>
internal sealed class UsageException(string message) : Exception(message);
