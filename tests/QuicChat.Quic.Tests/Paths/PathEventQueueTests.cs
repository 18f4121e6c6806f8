using System.Net;
using System.Threading.Channels;
using QuicChat.Quic.Paths;
using Xunit;

namespace QuicChat.Quic.Tests.Paths;

public sealed class PathEventQueueTests
{
    private static readonly NetworkPath Home = Path(1000);
    private readonly PathEventQueue _queue = new();

    [Fact]
    public async Task Events_come_in_order_until_the_connection_ends()
    {
        var waiting = _queue.ReadAsync().AsTask();
        Assert.False(waiting.IsCompleted);
        _queue.Write(Detected(0));
        Assert.Equal(Detected(0), await waiting);

        _queue.Write(Reverted(0));
        _queue.Complete();
        Assert.Equal(Reverted(0), await _queue.ReadAsync());
        Assert.False(await _queue.WaitToReadAsync());
        Assert.False(_queue.TryRead(out _));
        await Assert.ThrowsAsync<ChannelClosedException>(() => _queue.ReadAsync().AsTask());
    }

    [Fact]
    public async Task Waiting_can_be_given_up()
    {
        using var cancellation = new CancellationTokenSource();
        var waiting = _queue.WaitToReadAsync(cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Whatever_a_slow_reader_misses_each_attempt_begins_once_and_ends_once(bool isFirstBeginningRead)
    {
        _queue.Write(Detected(0));
        List<PathEvent> read = [];
        if (isFirstBeginningRead)
        {
            Assert.True(_queue.TryRead(out var first));
            read.Add(first);
        }

        const int Attempts = 2 * PathEventQueue.Capacity;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            _queue.Write(Reverted(attempt));
            _queue.Write(Detected(attempt + 1));
            if (attempt % 3 == 0)
            {
                _queue.Write(new PathEvent.Denied(Home, Path(3000), PathChangeKind.PortOnly, "denied", At(attempt)));
            }

            Assert.InRange(_queue.Count, 0, PathEventQueue.Capacity);
        }

        while (_queue.TryRead(out var next))
        {
            read.Add(next);
        }

        read.RemoveAll(next => next is PathEvent.Denied);
        Assert.Equal(Detected(Attempts), read[^1]);
        for (var i = 0; i < read.Count - 1; i += 2)
        {
            var attempt = Assert.IsType<PathEvent.Detected>(read[i]).At;
            Assert.Equal(attempt, Assert.IsType<PathEvent.Reverted>(read[i + 1]).At);
        }
    }

    private static PathEvent.Detected Detected(int attempt) => new(Home, Path(2000), PathChangeKind.PortOnly, At(attempt));

    private static PathEvent.Reverted Reverted(int attempt) => new(Home, TimeSpan.Zero, At(attempt));

    private static DateTimeOffset At(int attempt) => DateTimeOffset.UnixEpoch.AddSeconds(attempt);

    private static NetworkPath Path(int port) => new(new IPEndPoint(IPAddress.Loopback, 4433), new IPEndPoint(IPAddress.Loopback, port));
}
