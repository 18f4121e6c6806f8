using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.Client.Tests;

public sealed class ClosingTests
{
    public static TheoryData<ConnectionClosure, ChatCloseReason, bool> Ends => new()
    {
        {
            new(ConnectionCloseOrigin.Peer, 8, null, "spam"),
            new(ChatCloseOrigin.Gateway, ErrorCode.Kicked, "The gateway closed the connection with KICKED: spam."), false
        },
        {
            new(ConnectionCloseOrigin.Peer, 4, null, ""),
            new(ChatCloseOrigin.Gateway, ErrorCode.MigrationFailed, "The gateway closed the connection with MIGRATION_FAILED."), true
        },
        {
            new(ConnectionCloseOrigin.Peer, 4711, null, ""),
            new(ChatCloseOrigin.Gateway, ErrorCode.Internal, "The gateway closed the connection with INTERNAL."), true
        },
        {
            new(ConnectionCloseOrigin.Peer, null, 0xa, "bad frame"),
            new(ChatCloseOrigin.Gateway, null, "The gateway closed the connection with transport error 0xa: bad frame."), true
        },
        {
            new(ConnectionCloseOrigin.Local, null, 0x7, "frame encoding"),
            new(ChatCloseOrigin.Client, null, "The QUIC engine closed the connection with transport error 0x7: frame encoding."), true
        },
        {
            new(ConnectionCloseOrigin.IdleTimeout, null, null, ""),
            new(ChatCloseOrigin.Network, null, "Nothing was heard from the gateway for longer than the idle time-out."), true
        },
        {
            new(ConnectionCloseOrigin.StatelessReset, null, null, ""),
            new(ChatCloseOrigin.Network, null, "The gateway no longer knows the connection: it may have been restarted."), true
        },
    };

    [Theory, MemberData(nameof(Ends))]
    public async Task HoweverAConnectionEndsItIsSaidEverywhere(ConnectionClosure closure, ChatCloseReason expected, bool isReconnectable)
    {
        using var gateway = new TestGateway();
        var (client, connection, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            var publishing = room.PublishAsync("on its way");
            await stream.ReadPublishAsync();
            var readingHistory = room.ReadHistoryAsync(1);
            await stream.SendMessageAsync(1);
            await using var reading = room.ReadAllAsync().GetAsyncEnumerator();
            Assert.True(await reading.MoveNextAsync().AsTask().For("the message"));

            var failures = new List<ChatCloseReason>();
            client.MigrationFailed += failures.Add;
            connection.Client.End(closure, new ConnectionClosure(ConnectionCloseOrigin.Local, null, null, ""));

            Assert.Equal(expected, await client.Closed.For("the connection's end"));
            Assert.Equal(isReconnectable, expected.IsReconnectable);
            Assert.Equal(expected.Code == ErrorCode.MigrationFailed ? [expected] : [], failures);
            Assert.Equal(expected, (await Assert.ThrowsAsync<ChatClosedException>(() => publishing.For("the publish's end"))).Reason);
            Assert.Equal(expected, (await Assert.ThrowsAsync<ChatClosedException>(() => readingHistory.For("the page's end"))).Reason);
            Assert.Equal(expected, (await Assert.ThrowsAsync<ChatClosedException>(() => reading.MoveNextAsync().AsTask().For("the reader's end"))).Reason);
            Assert.Equal(expected, (await Assert.ThrowsAsync<ChatClosedException>(() => room.PublishAsync("too late"))).Reason);
            Assert.Equal(expected, (await Assert.ThrowsAsync<ChatClosedException>(() => room.ReadHistoryAsync(1))).Reason);
            Assert.Equal(expected, (await Assert.ThrowsAsync<ChatClosedException>(() => client.JoinAsync("another"))).Reason);
        }
    }

    [Fact]
    public async Task WhatHadArrivedBeforeTheEndCanBeRead()
    {
        using var gateway = new TestGateway();
        var (client, connection, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            var publishing = room.PublishAsync("a marker");
            await stream.ReadPublishAsync();
            await stream.SendMessageAsync(1);
            await stream.SendMessageAsync(2);
            await stream.AckAsync(1, 3);
            await publishing.For("the marker, and all before it");

            connection.Server.Close((ulong)ErrorCode.GoingAway, "");
            await client.Closed.For("the connection's end");

            var read = new List<long>();
            await Assert.ThrowsAsync<ChatClosedException>(async () =>
            {
                await foreach (var message in room.ReadAllAsync())
                {
                    read.Add(message.Offset);
                }
            });
            Assert.Equal([1, 2], read);
            Assert.Equal(new RoomPosition("e1", 2), room.Position);
        }
    }

    [Fact]
    public async Task DisposingClosesInOrderAndEndsReadersWithoutAnError()
    {
        using var gateway = new TestGateway();
        var (client, connection, room, _) = await gateway.JoinAsync();
        var reading = ReadAllAsync(room);

        await client.DisposeAsync().AsTask().For("the client to be disposed");
        await client.DisposeAsync();

        Assert.Empty(await reading.For("the reader to end"));
        var reason = await client.Closed;
        Assert.Equal(ChatCloseOrigin.Application, reason.Origin);
        Assert.False(reason.IsReconnectable);
        Assert.Equal(0UL, (await connection.Server.Closed.For("the gateway's side of the end")).ApplicationErrorCode);
        Assert.True(connection.Client.IsDisposed);
        Assert.True(gateway.IsReleased);
        await Assert.ThrowsAsync<ChatClosedException>(() => client.JoinAsync("another"));
    }

    private static async Task<List<ChatMessage>> ReadAllAsync(ChatRoom room)
    {
        var messages = new List<ChatMessage>();
        await foreach (var message in room.ReadAllAsync())
        {
            messages.Add(message);
        }

        return messages;
    }
}
