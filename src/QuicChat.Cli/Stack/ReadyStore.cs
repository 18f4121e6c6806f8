namespace QuicChat.Cli.Stack;

/// <summary>The store's ready line.</summary>
/// <param name="ConnectionString">Where it answers.</param>
internal sealed record ReadyStore(string ConnectionString);
