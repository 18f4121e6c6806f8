using Microsoft.AspNetCore.SignalR;

namespace QuicChat.Benchmarks.SignalR;

/// <summary>Rooms as SignalR's documentation makes them: groups. Nothing is stored, numbered or sent again.</summary>
internal sealed class ChatHub : Hub
{
    /// <summary>What clients listen for: the message's text.</summary>
    public const string Message = "message";

    /// <summary>Joins a room.</summary>
    public Task Join(string room) => Groups.AddToGroupAsync(Context.ConnectionId, room);

    /// <summary>Sends a message to all who are in a room, the sender among them.</summary>
    public Task Publish(string room, string text) => Clients.Group(room).SendAsync(Message, text);
}
