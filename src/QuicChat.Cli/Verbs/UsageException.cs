namespace QuicChat.Cli.Verbs;

/// <summary>Options that do not go together. The message says which and what to do, without a full stop.</summary>
internal sealed class UsageException(string message) : Exception(message);
