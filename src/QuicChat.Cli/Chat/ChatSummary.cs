namespace QuicChat.Cli.Chat;

/// <summary>The JSON object of <c>chat</c>, behind one object a message.</summary>
/// <param name="User">The user's ID.</param>
/// <param name="Room">The room.</param>
/// <param name="Gateway">The gateway, of the last connection.</param>
/// <param name="ConnectionId">The last connection.</param>
/// <param name="Sent">Lines sent.</param>
/// <param name="Acknowledged">Lines stored.</param>
/// <param name="Received">Messages that arrived, one's own included.</param>
/// <param name="PathChanges">Completed changes of the network path.</param>
/// <param name="Reconnects">Connections after the first one.</param>
internal sealed record ChatSummary(
    string User, string Room, string Gateway, string ConnectionId, long Sent, long Acknowledged, long Received, long PathChanges, long Reconnects);
