using System.Net;
using QuicChat.Client;
using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.EndToEnd.Tests.Support;

/// <summary>A user in one room by a session, who reads in order and only when told to.</summary>
internal sealed class Member : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly ChatSession _session;
    private readonly IAsyncEnumerator<RoomEvent> _events;

    private Member(ChatSession session, SessionRoom room)
    {
        _session = session;
        Room = room;
        _events = room.ReadAllAsync().GetAsyncEnumerator();
    }

    public SessionRoom Room { get; }

    /// <summary>Connects to a gateway of a stack and joins.</summary>
    public static async Task<Member> JoinAsync(Stack stack, IPEndPoint gateway, string user, string room, JoinOptions? options = null)
    {
        var token = await stack.TokenAsync(user);
        var session = new ChatSession(new ChatClientOptions
        {
            Servers = [gateway.ToString()],
            Trust = ServerTrust.Pinned.Parse(stack.Fingerprint),
            Token = token,
        });
        try
        {
            await session.ConnectAsync();
            return new Member(session, await session.JoinAsync(room, options).WaitAsync(Limit));
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>What comes next.</summary>
    public async Task<RoomEvent> NextAsync(string what)
    {
        try
        {
            Assert.True(await _events.MoveNextAsync().AsTask().WaitAsync(Limit), $"The room ended before {what}.");
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{_session.UserId} waited {Limit.TotalSeconds} s for {what}; it is {_session.State}, at {Room.Position}.", e);
        }

        return _events.Current;
    }

    /// <summary>Reads messages up to an offset; there must be no gap, and none may be missing or come twice.</summary>
    public async Task ReadToAsync(long offset)
    {
        while (Room.Position.Offset < offset)
        {
            var next = Room.Position.Offset + 1;
            var item = await NextAsync($"message {next}");
            Assert.Equal(next, Assert.IsType<ChatMessage>(item).Offset);
        }
    }

    // A read that waits ends with the session.
    public ValueTask DisposeAsync() => _session.DisposeAsync();
}
