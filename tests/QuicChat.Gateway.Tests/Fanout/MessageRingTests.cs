using QuicChat.Gateway.Fanout;
using QuicChat.Gateway.Tests.Support;

namespace QuicChat.Gateway.Tests.Fanout;

public sealed class MessageRingTests
{
    [Fact]
    public void It_holds_what_follows_its_start_up_to_its_size()
    {
        var ring = new MessageRing(last: 100, maxBytes: 50);
        for (var offset = 101; offset <= 200; offset++)
        {
            ring.Append(new RelayedMessage(offset, new byte[10]));
        }

        Assert.Equal(200, ring.Last);
        Assert.Equal(50, ring.Bytes);
        Assert.Null(ring.Find(195));
        Assert.Equal(196, ring.Find(196)?.Offset);
        Assert.Equal(200, ring.Find(200)?.Offset);
        Assert.Null(ring.Find(201));
        Assert.Null(ring.Find(100));
    }

    [Fact]
    public void The_newest_message_stays_however_large()
    {
        var ring = new MessageRing(0, maxBytes: 10);
        ring.Append(new RelayedMessage(1, new byte[100]));

        Assert.NotNull(ring.Find(1));
    }

    [Fact]
    public void A_hole_is_refused()
    {
        var ring = new MessageRing(0, 100);
        Assert.Throws<ArgumentException>(() => ring.Append(new RelayedMessage(2, new byte[1])));
    }

    [Fact]
    public void A_trimmed_ring_goes_on()
    {
        var ring = new MessageRing(0, 1_000);
        for (var offset = 1; offset <= 40; offset++)
        {
            ring.Append(new RelayedMessage(offset, new byte[1]));
        }

        ring.Trim(30);
        Assert.Null(ring.Find(30));
        Assert.NotNull(ring.Find(31));
        ring.Trim(1_000);
        Assert.Equal((40, 0), (ring.Last, ring.Bytes));
        ring.Append(new RelayedMessage(41, new byte[1]));
        Assert.NotNull(ring.Find(41));
    }

    [Fact]
    public async Task Readers_without_a_lock_see_each_message_or_know_that_they_are_behind()
    {
        const int Messages = 200_000;
        var ring = new MessageRing(0, maxBytes: 3_000);
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            var next = 1L;
            while (next <= Messages)
            {
                if (ring.Find(next) is { } message)
                {
                    Assert.Equal(next, message.Offset);
                    next++;
                }
                else if (ring.Last > next)
                {
                    // Behind, as far as the ring can say; whoever is, goes on at the newest here.
                    next = ring.Last;
                }
            }
        })).ToArray();
        for (var offset = 1; offset <= Messages; offset++)
        {
            ring.Append(new RelayedMessage(offset, new byte[10]));
            if (offset % 1_000 == 0)
            {
                ring.Trim(offset - (offset % 3_000 == 0 ? 0 : 20));
            }
        }

        // The last message was trimmed away.
        ring.Append(new RelayedMessage(Messages + 1, new byte[10]));
        await Task.WhenAll(readers).Within("the readers");
    }
}
