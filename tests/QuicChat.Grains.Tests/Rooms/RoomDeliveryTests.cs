using System.Diagnostics;
using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Rooms;
using QuicChat.Grains.Tests.Cluster;
using QuicChat.Grains.Tests.Stores;
using Xunit;

namespace QuicChat.Grains.Tests.Rooms;

/// <summary>How new messages come to the gateways.</summary>
[Collection(ClusterFixture.Serial)]
public sealed class RoomDeliveryTests(ClusterFixture cluster, ITestOutputHelper output) : RoomTests(cluster)
{
    [Fact]
    public async Task ASlowGatewayHoldsNobodyUp()
    {
        var room = Room(StoreKind.Memory);
        var (slow, quick) = (new TestGateway(Cluster), new TestGateway(Cluster));
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        slow.OnDeliver = _ => release.Task;
        await slow.AttachAsync(room);
        await quick.AttachAsync(room);

        for (var number = 1; number <= 150; number++)
        {
            await room.Publish(Message(1, number));
        }

        Assert.Equal(150, (await quick.MessagesAsync(150)).Count);
        Assert.False(slow.HasMessages);
        release.SetResult();
        // One that was under way, then what gathered meanwhile in batches of at most 100.
        Assert.Equal((await ReadAllAsync(room)).Select(message => message.Offset), (await slow.MessagesAsync(150)).Select(message => message.Offset));
        Assert.Equal(100, slow.LargestBatch);
    }

    [Fact]
    public async Task ABusyRoomIsFewCallsToAGatewayAndOneThatWasIdleSendsAtOnce()
    {
        const int Messages = 400;
        var room = Room(StoreKind.Memory);
        var (gateway, batches) = (new TestGateway(Cluster), 0);
        gateway.OnDeliver = _ =>
        {
            Interlocked.Increment(ref batches);
            return Task.CompletedTask;
        };
        await gateway.AttachAsync(room);
        var started = Stopwatch.GetTimestamp();
        await room.Publish(Message(1, 1));
        await gateway.MessagesAsync(1);
        Assert.Equal(1, batches);

        for (var number = 2; number <= Messages; number++)
        {
            await room.Publish(Message(1, number));
        }

        await gateway.MessagesAsync(Messages - 1);
        var intervals = Stopwatch.GetElapsedTime(started) / new RoomOptions().DeliveryInterval;
        Assert.InRange(batches, Messages / 100, Math.Min(Messages / 100 + intervals + 2, Messages));
        output.WriteLine($"{batches} calls for {Messages} messages in {intervals * 15:0} ms");
    }

    [Fact]
    public async Task AnAnswerTakesAlongWhatThereIsForItsGatewayAndTheOthersAreDeliveredTo()
    {
        var room = Room(StoreKind.Memory);
        var (own, other) = (new TestGateway(Cluster), new TestGateway(Cluster));
        await own.AttachAsync(room);
        await other.AttachAsync(room);

        Task<PublishAnswer> publishing, elsewhere;
        using (Cluster.Stores.Memory.Hold(room.GetPrimaryKeyString()))
        {
            elsewhere = room.PublishAll([Message(2, 1)]);
            publishing = room.PublishAll([Message(1, 1), Message(1, 2)], own.Id);
            await room.TakeOver("user-3", "client-3");
        }

        // What is stored before them may have been delivered already.
        List<long> offsets = [.. (await publishing).Stored!.Messages.Select(message => message.Offset)];
        if (offsets.Count < 3)
        {
            offsets.InsertRange(0, (await own.MessagesAsync(3 - offsets.Count)).Select(message => message.Offset));
        }

        Assert.Null((await elsewhere).Stored);
        Assert.Equal([1, 2, 3], offsets);
        Assert.Equal([1, 2, 3], (await other.MessagesAsync(3)).Select(message => message.Offset));
        Assert.False(own.HasMessages);
        Assert.Null((await room.PublishAll([Message(1, 2)], own.Id)).Stored);
    }

    [Fact]
    public async Task AnAnswerDoesNotOvertakeADeliveryAndOneWithErrorsTakesNothing()
    {
        var room = Room(StoreKind.Memory);
        var gateway = new TestGateway(Cluster);
        var (begun, release) = (new TaskCompletionSource(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        gateway.OnDeliver = _ =>
        {
            begun.TrySetResult();
            return release.Task;
        };
        await gateway.AttachAsync(room);
        await room.Publish(Message(1, 1));
        await begun.Task;

        var answer = await room.PublishAll([Message(1, 2)], gateway.Id);
        Cluster.Stores.Memory.FailNextAppend(room.GetPrimaryKeyString(), InMemoryRoomLog.Fault.Refused);
        await Assert.ThrowsAsync<RoomUnavailableException>(() => room.PublishAll([Message(1, 3)], gateway.Id));
        release.SetResult();

        Assert.Null(answer.Stored);
        Assert.Equal([1, 2], (await gateway.MessagesAsync(2)).Select(message => message.Offset));
    }

    [Fact]
    public async Task AnAnswerTakesNoMoreAlongThanADeliveryAndTheRestFollows()
    {
        const int Messages = 250;
        var room = Room(StoreKind.Memory);
        var gateway = new TestGateway(Cluster);
        await gateway.AttachAsync(room);

        var answer = await room.PublishAll([.. Enumerable.Range(1, Messages).Select(number => Message(1, number))], gateway.Id);
        var delivered = await gateway.MessagesAsync(Messages - 100);

        Assert.Equal(Messages, answer.Receipts.Length);
        Assert.Equal(
            Enumerable.Range(1, Messages).Select(offset => (long)offset),
            answer.Stored!.Messages.Concat(delivered).Select(message => message.Offset));
        Assert.Equal(100, answer.Stored.Messages.Length);
    }

    [Fact]
    public async Task AGatewayThatHasNotAskedIsBroughtNothing()
    {
        var room = Room(StoreKind.Memory);
        var gateway = new TestGateway(Cluster);

        Assert.Null((await room.PublishAll([Message(1, 1)], gateway.Id)).Stored);
    }

    [Fact]
    public async Task AnAttachmentLapsesUnlessItIsRenewed()
    {
        var room = Room(StoreKind.Memory);
        var (lapsing, renewing, leaving) = (new TestGateway(Cluster), new TestGateway(Cluster), new TestGateway(Cluster));
        foreach (var gateway in new[] { lapsing, renewing, leaving })
        {
            await gateway.AttachAsync(room);
        }

        await room.Detach(leaving.Id);
        Cluster.Clock.Advance(TimeSpan.FromSeconds(6));
        await renewing.AttachAsync(room);
        Cluster.Clock.Advance(TimeSpan.FromSeconds(6));
        await room.Publish(Message(1, 1));

        Assert.Single(await renewing.MessagesAsync(1));
        Assert.False(lapsing.HasMessages);
        Assert.False(leaving.HasMessages);
    }
}
