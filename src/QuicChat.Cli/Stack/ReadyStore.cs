namespace QuicChat.Cli.Stack;

/// <summary>The store's ready line.</summary>
/// <param name="ConnectionString">Where it answers.</param>
/// <param name="Pid">Its process ID, where the process that was started is not the server itself.</param>
internal sealed record ReadyStore(string ConnectionString, int? Pid = null);
