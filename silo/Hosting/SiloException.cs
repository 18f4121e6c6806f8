namespace QuicChat.Silo.Hosting;

/// <summary>The silo cannot start. The message is one line that says what is wrong and what to do.</summary>
/// <param name="message">The line.</param>
/// <param name="cause">What was caught, where something was.</param>
public sealed class SiloException(string message, Exception? cause = null) : Exception(message, cause);
