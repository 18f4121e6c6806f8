using System.Diagnostics;
using System.Text.Json;
using QuicChat.Client;
using QuicChat.EndToEnd.Tests.Support;
using StackExchange.Redis;
using Xunit;

namespace QuicChat.EndToEnd.Tests;

/// <summary>A store that comes back with less than it had acknowledged, twice: every member is told, and goes on.</summary>
public sealed class RolledBackStoreTests
{
    private const string RoomName = "rolled-back";

    // A new epoch is known once a silo has started again, which the machine may take its time for.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Messages_taken_from_the_log_while_no_silo_runs_are_told_as_a_gap_and_a_new_epoch_begins()
    {
        await using var stack = new Stack();
        await stack.InitializeAsync();
        var text = stack.Description.GetProperty("connectionString").GetString()!;
        await using var store = await ConnectionMultiplexer.ConnectAsync(text);
        await using var ann = await Member.JoinAsync(stack, stack.Gateway, "ann", RoomName);
        await using var bob = await Member.JoinAsync(stack, stack.Gateway, "bob", RoomName);
        var rooms = $"{stack.Description.GetProperty("serviceId").GetString()}/room/{{{RoomName}}}/";
        var first = ann.Room.Position.Epoch;
        var told = new HashSet<string> { first };
        RoomPosition? longAgo = null;
        long tail = 0;
        foreach (var (published, taken) in ((int, int)[])[(10, 4), (3, 5)])
        {
            for (var i = 0; i < published; i++)
            {
                Assert.Equal(++tail, (await bob.Room.PublishAsync($"message {tail}").WaitAsync(Limit)).Offset);
            }

            await ann.ReadToAsync(tail);
            await bob.ReadToAsync(tail);
            var beyond = ann.Room.Position;
            longAgo ??= beyond;

            // As an older copy has it: the second one is from before the first loss, and knows nothing of the epoch that was begun then.
            await KillSiloAsync(await stack.ReadDescriptionAsync());
            Assert.Equal(taken, (await store.GetDatabase().ListRightPopAsync(rooms + "log", taken))?.Length);
            await store.GetDatabase().StringSetAsync(rooms + "epoch", first);
            tail -= taken;

            // Members that stayed.
            var epoch = await TakeGapAsync(ann, beyond, tail);
            Assert.Equal(epoch, await TakeGapAsync(bob, beyond, tail));
            Assert.True(told.Add(epoch), $"The epoch {epoch} is not new.");

            // One that was away meanwhile, with a position that the room does not have any more.
            await using var away = await Member.JoinAsync(stack, stack.Gateway, "eve", RoomName, new JoinOptions { After = beyond });
            Assert.Equal(epoch, await TakeGapAsync(away, beyond, tail));

            // Both ways go on, and offsets are used again.
            Assert.Equal(++tail, (await ann.Room.PublishAsync("from one that stayed").WaitAsync(Limit)).Offset);
            Assert.Equal(++tail, (await away.Room.PublishAsync("from one that was away").WaitAsync(Limit)).Offset);
            foreach (var member in (Member[])[ann, bob, away])
            {
                await member.ReadToAsync(tail);
                Assert.Equal(new RoomPosition(epoch, tail), member.Room.Position);
            }
        }

        // The room has an offset again that one has seen who was away all the time; it is another message.
        while (tail < longAgo!.Offset)
        {
            Assert.Equal(++tail, (await bob.Room.PublishAsync($"another message {tail}").WaitAsync(Limit)).Offset);
        }

        await using var longAway = await Member.JoinAsync(stack, stack.Gateway, "carol", RoomName, new JoinOptions { After = longAgo });
        await TakeGapAsync(longAway, longAgo, tail);
    }

    [Fact]
    public async Task An_older_copy_of_the_data_folder_under_a_stack_started_anew_is_told_as_a_gap()
    {
        await using var stack = new Stack();
        await stack.InitializeAsync();
        await using var ann = await Member.JoinAsync(stack, stack.Gateway, "ann", RoomName);
        await PublishAsync(ann, 1, 5);
        var (data, copy) = (Path.Combine(stack.Data, "store"), Path.Combine(stack.Data, "store.copy"));
        await stack.RestartAsync(() => Copy(data, copy));
        for (var rollback = 0; rollback < 2; rollback++)
        {
            await PublishAsync(ann, 6, 10);
            var beyond = ann.Room.Position;

            await stack.RestartAsync(() =>
            {
                Directory.Delete(data, recursive: true);
                Copy(copy, data);
            });

            await TakeGapAsync(ann, beyond, 5);
        }

        await PublishAsync(ann, 6, 10);
    }

    private static async Task PublishAsync(Member member, long from, long to)
    {
        for (var offset = from; offset <= to; offset++)
        {
            Assert.Equal(offset, (await member.Room.PublishAsync($"message {offset}").WaitAsync(Limit)).Offset);
        }

        await member.ReadToAsync(to);
    }

    private static async Task<string> TakeGapAsync(Member member, RoomPosition before, long tail)
    {
        var gap = Assert.IsType<RoomGap>(await member.NextAsync("the gap"));
        Assert.Equal((before, tail, null), (gap.LastBefore, gap.ContinuesAfter.Offset, gap.Missing));
        return gap.ContinuesAfter.Epoch;
    }

    private static async Task KillSiloAsync(JsonElement description)
    {
        using var silo = Process.GetProcessById(description.GetProperty("silos")[0].GetProperty("pid").GetInt32());
        silo.Kill();
        await silo.WaitForExitAsync();
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
