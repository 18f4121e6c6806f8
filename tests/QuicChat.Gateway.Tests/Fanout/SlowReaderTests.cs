using QuicChat.Gateway.Tests.Support;
using QuicChat.Protocol;

namespace QuicChat.Gateway.Tests.Fanout;

public sealed class SlowReaderTests
{
    private const int BodyLength = 1_000;

    [Fact]
    public async Task A_member_that_does_not_read_delays_nobody_and_has_every_message_afterwards()
    {
        await using var gateway = new TestGateway(fanout: options => options.RingBytes = 64 * 1024);
        var grain = gateway.Cluster.Room("lobby");
        var slow = await (await gateway.ConnectAsync("slow", configure: connection => connection.Window = 4 * 1024)).JoinAsync("lobby");
        var quick = await (await gateway.ConnectAsync("quick")).JoinAsync("lobby");
        for (var i = 0; i < 100; i++)
        {
            grain.Append(10, BodyLength);
            await quick.MessagesAsync((10 * (ulong)i) + 1, 10 * (ulong)(i + 1));
        }

        // 1 MB has passed; the slow one is far behind the ring of 64 KB.
        var received = await slow.MessagesAsync(1, 1_000);

        Assert.All(received, message => Assert.Equal(BodyLength, message.Body.Length));
        Assert.InRange(gateway.Metrics["quicchat.delivery.replayed"], 500, 1_000);
    }

    [Fact]
    public async Task What_waits_for_a_member_that_does_not_read_is_bounded_and_counted()
    {
        const int Frames = 50;
        await using var gateway = new TestGateway(fanout: options => options.RingBytes = 64 * 1024);
        var grain = gateway.Cluster.Room("lobby");
        grain.Append(20, ProtocolLimits.MaxBodyBytes);
        grain.PageLimit = 2;
        var client = await gateway.ConnectAsync("slow", configure: connection => connection.Window = 4 * 1024);
        var slow = await client.JoinAsync("lobby");
        var quick = await (await gateway.ConnectAsync("quick")).JoinAsync("lobby");

        // It asks and asks, and reads nothing.
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < Frames; i++)
            {
                await slow.Stream.SendAsync(Support.Frames.ReadHistory(1, 1));
            }
        });
        for (var i = 0; i < 20; i++)
        {
            grain.Append(10, BodyLength * 5);
            await quick.MessagesAsync((10 * (ulong)i) + 21, 10 * (ulong)(i + 1) + 20);
            Assert.InRange(gateway.Metrics["quicchat.outbox.bytes"], 0, 512 * 1024);
        }

        await sending;
        Assert.InRange(gateway.Metrics["quicchat.outbox.bytes"], 4 * 1024, 512 * 1024);
        var (next, pages) = (21ul, 0);
        while (next <= 220 || pages < Frames)
        {
            var frame = (await slow.Stream.ReceiveAsync("what waits"))!;
            pages += frame.History is null ? 0 : 1;
            if (frame.Message is { } message)
            {
                Assert.Equal(next++, message.Offset);
            }
        }

        slow.Stream.Finish();
        quick.Stream.Finish();
        await slow.Stream.Disposed.Within("the stream's release");
        await quick.Stream.Disposed.Within("the stream's release");
        Assert.Equal(0, gateway.Metrics["quicchat.outbox.bytes"]);
    }

    [Fact]
    public async Task A_member_behind_the_log_is_reset_as_a_slow_consumer()
    {
        await using var gateway = new TestGateway(fanout: options => options.RingBytes = 64 * 1024);
        var grain = gateway.Cluster.Room("lobby");
        var client = await gateway.ConnectAsync("slow", configure: connection => connection.Window = 4 * 1024);
        var slow = await client.JoinAsync("lobby");
        var quick = await (await gateway.ConnectAsync("quick")).JoinAsync("lobby");
        grain.Append(500, BodyLength);
        await quick.MessagesAsync(1, 500);
        grain.Trim(400);

        Assert.Equal(ErrorCode.SlowConsumer, await slow.Stream.ResetAsync());

        slow = await client.JoinAsync("lobby", Frames.At("epoch-1", 5), newest: 10);
        Assert.False(slow.Joined.Recovered);
        await slow.MessagesAsync(491, 500);
        Assert.Equal(1, gateway.Metrics["quicchat.room.resets{code=SLOW_CONSUMER}"]);
    }

    [Fact]
    public async Task A_room_without_traffic_keeps_no_messages_at_hand()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");
        grain.Append(10);
        await room.MessagesAsync(1, 10);
        for (var renewal = 0; renewal < 3; renewal++)
        {
            var attached = grain.Calls.Count("Attach");
            await gateway.Time.PassAsync(TimeSpan.FromSeconds(2), "a renewal");
            await grain.Calls.ReachedAsync("Attach", attached + 1);
        }

        await client.JoinAsync("lobby", Frames.At("epoch-1", 5));

        Assert.Equal(1, grain.Calls.Count("Read"));
    }
}
