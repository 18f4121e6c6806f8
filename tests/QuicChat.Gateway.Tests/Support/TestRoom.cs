using QuicChat.Protocol.V1;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>A client in a room.</summary>
internal sealed class TestRoom(TestStream stream, Joined joined)
{
    public TestStream Stream => stream;

    public Joined Joined => joined;

    public Task PublishAsync(ulong clientSeq, string body) => stream.SendAsync(Frames.Publish(clientSeq, body));

    /// <summary>The next answer, which is an Ack; messages that come before it are passed over.</summary>
    public async Task<Ack> AckAsync()
        => await AnswerAsync("an Ack") is { Ack: { } ack } ? ack : throw new InvalidOperationException("It was no Ack.");

    /// <summary>The next answer, which is a Reject; messages that come before it are passed over.</summary>
    public async Task<Reject> RejectAsync()
        => await AnswerAsync("a Reject") is { Reject: { } reject } ? reject : throw new InvalidOperationException("It was no Reject.");

    /// <summary>Receives messages and checks that their offsets have no hole; other frames are passed over.</summary>
    public async Task<List<Message>> MessagesAsync(ulong first, ulong last)
    {
        var messages = new List<Message>();
        for (var next = first; next <= last;)
        {
            if ((await NextAsync($"message {next}")).Message is { } message)
            {
                Assert.Equal(next++, message.Offset);
                messages.Add(message);
            }
        }

        return messages;
    }

    /// <summary>The next frame of who is in the room; others are passed over.</summary>
    public async Task<Presence> PresenceAsync()
    {
        while (true)
        {
            if ((await NextAsync("a Presence")).Presence is { } presence)
            {
                return presence;
            }
        }
    }

    private async Task<ServerFrame> AnswerAsync(string what)
    {
        while (true)
        {
            var frame = await NextAsync(what);
            if (frame.Message is null && frame.Presence is null)
            {
                return frame;
            }
        }
    }

    private async Task<ServerFrame> NextAsync(string what)
        => await stream.ReceiveAsync(what) ?? throw new InvalidOperationException($"The stream ended before {what}.");
}
