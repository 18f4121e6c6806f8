using System.Diagnostics;
using QuicChat.Client;
using QuicChat.EndToEnd.Tests.Support;
using Xunit;

namespace QuicChat.EndToEnd.Tests;

/// <summary>A reader that stops in a lively room: real datagrams, a real gateway, the real log.</summary>
[Collection(WholeMachine.Name)]
public sealed class SlowReaderTests(ITestOutputHelper output)
{
    private const int Rate = 500;
    private const int Seconds = 15;
    private const int Messages = Rate * Seconds;
    private const long OutboxLimit = 2 * 1024 * 1024;

    // With it the windows of stream and connection are full within a second or two.
    private static readonly string Filling = new('.', 1_000);

    [Fact]
    public async Task One_that_stops_for_15_s_costs_its_gateway_little_and_its_neighbours_nothing_and_then_has_every_message()
    {
        await using var stack = new Stack();
        await stack.InitializeAsync();
        await using var gateway = await MeteredGateway.StartAsync(stack);
        await using var slow = await Member.JoinAsync(stack, gateway.EndPoint, "slow", "lively");
        Member[] neighbours =
        [
            await Member.JoinAsync(stack, gateway.EndPoint, "ann", "lively"),
            await Member.JoinAsync(stack, gateway.EndPoint, "bob", "lively"),
        ];
        try
        {
            var watch = Stopwatch.StartNew();
            var reading = Task.WhenAll(neighbours.Select(neighbour => neighbour.ReadToAsync(Messages)));
            var publishing = PublishAsync(neighbours, watch);
            await slow.ReadToAsync(10);

            // From here on it reads nothing.
            await publishing;
            output.WriteLine(FormattableString.Invariant($"{Messages} messages in {watch.Elapsed.TotalSeconds:0.0} s"));
            await reading;
            output.WriteLine(FormattableString.Invariant($"the neighbours had all after {watch.Elapsed.TotalSeconds:0.0} s"));

            // Neighbours have all, so what was written beyond that, and what still waits, is the slow one's.
            var written = gateway["quicchat.delivery.delivered"] - ((long)neighbours.Length * Messages);
            output.WriteLine($"to the slow one {written} were written, and {gateway["quicchat.outbox.bytes"]} bytes wait");
            Assert.True(watch.Elapsed >= TimeSpan.FromSeconds(Seconds - 1), $"It was blocked for {watch.Elapsed} only.");
            Assert.InRange(written, 10, Messages / 4);
            Assert.True(gateway["quicchat.outbox.bytes"] > 0, "Nothing waits for the one that does not read.");

            await slow.ReadToAsync(Messages);
            output.WriteLine($"the outboxes never held more than {gateway.Highest("quicchat.outbox.bytes")} bytes");
            output.WriteLine($"{gateway["quicchat.delivery.replayed"]} messages were read again from the log");
            Assert.True(gateway["quicchat.delivery.replayed"] > 0, "It was never behind what the gateway keeps at hand.");
            Assert.InRange(gateway.Highest("quicchat.outbox.bytes"), 1, OutboxLimit);
            Assert.Equal(0, gateway["quicchat.room.resets"]);
            Assert.Equal(3, gateway["quicchat.room.streams"]);
        }
        finally
        {
            foreach (var neighbour in neighbours)
            {
                await neighbour.DisposeAsync();
            }
        }
    }

    private static async Task PublishAsync(Member[] members, Stopwatch watch)
    {
        var receipts = new Queue<Task<PublishReceipt>>();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var sent = 0; sent < Messages;)
        {
            await timer.WaitForNextTickAsync();
            for (var due = Math.Min(Messages, watch.Elapsed.TotalSeconds * Rate); sent < due; sent++)
            {
                receipts.Enqueue(members[sent % members.Length].Room.PublishAsync($"{sent} {Filling}"));
                if (receipts.Count > Rate)
                {
                    await receipts.Dequeue();
                }
            }
        }

        await Task.WhenAll(receipts);
    }
}
