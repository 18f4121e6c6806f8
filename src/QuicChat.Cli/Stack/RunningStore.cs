namespace QuicChat.Cli.Stack;

/// <summary>The built-in store of a running stack.</summary>
/// <param name="Pid">Its process ID.</param>
/// <param name="ConnectionString">Where it answers.</param>
internal sealed record RunningStore(int Pid, string ConnectionString);
