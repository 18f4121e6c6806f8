using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Fanout;

namespace QuicChat.Gateway.Tests.Fanout;

public sealed class BatchesAheadTests
{
    [Fact]
    public void Batches_come_out_in_order_once_nothing_is_missing_before_them()
    {
        var ahead = new BatchesAhead(10, 1_000_000);
        ahead.Add(Batch(3, 2));
        ahead.Add(Batch(5, 1));

        Assert.Null(ahead.TryTake(2));
        Assert.Equal(3, ahead.TryTake(3)?.Messages[0].Offset);
        Assert.Equal(5, ahead.TryTake(6)?.Messages[0].Offset);
        Assert.Null(ahead.TryTake(7));
    }

    [Fact]
    public void Of_too_many_batches_the_oldest_go()
    {
        var ahead = new BatchesAhead(2, 1_000_000);
        for (var offset = 2; offset <= 5; offset++)
        {
            ahead.Add(Batch(offset, 1));
        }

        Assert.Equal(4, ahead.TryTake(10)?.Messages[0].Offset);
        Assert.Equal(5, ahead.TryTake(10)?.Messages[0].Offset);
        Assert.Null(ahead.TryTake(10));
    }

    [Fact]
    public void Of_too_large_batches_the_oldest_go_and_one_that_is_too_large_alone_is_not_kept()
    {
        var ahead = new BatchesAhead(64, 64 * 1024);
        for (var offset = 2; offset <= 10; offset++)
        {
            ahead.Add(Batch(offset, 1, bodyLength: 30 * 1024));
        }

        Assert.Equal(9, ahead.TryTake(100)?.Messages[0].Offset);
        ahead.Add(Batch(11, 3, bodyLength: 30 * 1024));
        Assert.Null(ahead.TryTake(100));
        ahead.Add(Batch(14, 1));
        ahead.Clear();
        ahead.Add(Batch(15, 1, bodyLength: 60 * 1024));
        Assert.Equal(15, ahead.TryTake(100)?.Messages[0].Offset);
    }

    private static RoomBatch Batch(long first, int messages, int bodyLength = 10) => new(
        "lobby",
        "epoch-1",
        [
            .. Enumerable.Range(0, messages).Select(i => new RoomMessage(
                first + i, "ann", "Ann", "phone", first + i, DateTimeOffset.UnixEpoch, new string('b', bodyLength))),
        ],
        "writer-1");
}
