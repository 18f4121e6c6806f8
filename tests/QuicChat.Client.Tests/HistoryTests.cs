using QuicChat.Protocol.V1;
using Xunit;

namespace QuicChat.Client.Tests;

public sealed class HistoryTests
{
    [Fact]
    public async Task PagesAreAnsweredInTheOrderAskedFor()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            var first = room.ReadHistoryAsync(1, 2);
            var second = room.ReadHistoryAsync(9);
            Assert.Equal(new ReadHistory { FromOffset = 1, Limit = 2 }, (await stream.ReadAsync()).ReadHistory);
            Assert.Equal(new ReadHistory { FromOffset = 9, Limit = 100 }, (await stream.ReadAsync()).ReadHistory);
            await stream.SendAsync(Page(1, 5, 8, 5, 6));
            await stream.SendAsync(Page(9, 5, 8));

            var page = await first.For("the first page");
            Assert.Equal((5, 8), (page.FirstOffset, page.LastOffset));
            Assert.Equal([5, 6], page.Messages.Select(message => message.Offset));
            Assert.Equal("text", page.Messages[0].Body);
            Assert.Empty((await second.For("the second page")).Messages);
        }
    }

    [Fact]
    public async Task APageThatIsNoLongerWantedDoesNotConfuseTheNext()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            using var cancellation = new CancellationTokenSource();
            var given = room.ReadHistoryAsync(1, cancellationToken: cancellation.Token);
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given.For("the cancellation"));
            var wanted = room.ReadHistoryAsync(3);
            await stream.SendAsync(Page(1, 1, 3, 1, 2, 3));
            await stream.SendAsync(Page(3, 1, 3, 3));

            Assert.Equal([3], (await wanted.For("the page")).Messages.Select(message => message.Offset));
        }
    }

    [Theory]
    [InlineData("a page of history from 2 came, which was not asked for", 2, 1, 4)]
    [InlineData("a page of history from 1 holds message 2 in place 0", 1, 1, 4, 2)]
    [InlineData("a page of history from 3 holds message 1 in place 0", 1, 3, 4, 1)]
    [InlineData("a page of history from 1 holds message 3 in place 1", 1, 1, 4, 1, 3)]
    [InlineData("a page of history holds 4 messages; 3 were asked for", 1, 1, 4, 1, 2, 3, 4)]
    public async Task APageThatIsNotWhatWasAskedForEndsTheConnection(string expected, int from, int first, int last, params int[] offsets)
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            var reading = room.ReadHistoryAsync(1, 3);
            await stream.SendAsync(Page((ulong)from, (ulong)first, (ulong)last, [.. offsets.Select(offset => (ulong)offset)]));

            var failure = await Assert.ThrowsAsync<ChatClosedException>(() => reading.For("the connection's end"));
            Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
            Assert.Equal(ErrorCode.ProtocolViolation, failure.Code);
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(1, 101)]
    public async Task WhatCannotBeAskedForIsRefusedAtOnce(long from, int limit)
    {
        using var gateway = new TestGateway();
        var (client, _, room, _) = await gateway.JoinAsync();
        await using (client)
        {
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => room.ReadHistoryAsync(from, limit));
        }
    }

    private static ServerFrame Page(ulong from, ulong first, ulong last, params ulong[] offsets) => new()
    {
        History = new History
        {
            FromOffset = from,
            FirstOffset = first,
            LastOffset = last,
            Messages = { offsets.Select(offset => GatewayStream.NewMessage(offset, "text")) },
        },
    };
}
