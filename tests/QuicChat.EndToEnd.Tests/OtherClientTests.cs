using System.Text.Json;
using QuicChat.Client;
using QuicChat.EndToEnd.Tests.Support;
using QuicChat.Quic.Simulation;
using Xunit;

namespace QuicChat.EndToEnd.Tests;

/// <summary>A client that shares no code with ours, not even its QUIC, written from docs/wire-protocol.md.</summary>
public sealed class OtherClientTests(Stack stack)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task It_chats_through_NAT_rebindings_beside_a_client_of_the_SDK()
    {
        const int Rebindings = 5;
        const int PerRebinding = 4;
        await using var path = PathSimulator.Start(new PathSimulatorOptions { Server = stack.Gateway });
        await using var ann = await Member.JoinAsync(stack, stack.Gateway, "ann-of-the-sdk", "interop");
        await using var bob = await GoClient.StartAsync(stack, path.ListenEndPoint, "bob-in-go", "interop");
        var connection = (await bob.NextAsync("welcome")).GetProperty("connection").GetString()!;
        await bob.NextAsync("joined");

        var said = new List<string>();
        for (var rebinding = 0; rebinding < Rebindings; rebinding++)
        {
            path.RebindAll();
            for (var i = 0; i < PerRebinding; i++)
            {
                var (fromBob, fromAnn) = ($"bob {rebinding}.{i}", $"ann {rebinding}.{i}");
                said.AddRange(fromBob, fromAnn);
                await bob.PublishAsync(fromBob);
                await ann.Room.PublishAsync(fromAnn).WaitAsync(Limit);
            }

            // The server follows one path at a time; a second change before the first is checked would supersede it.
            await bob.NextAsync("migration", notice => notice.GetProperty("outcome").GetString() == "OUTCOME_COMPLETED");
        }

        var atAnn = new List<(ulong, string)>();
        while (atAnn.Count < said.Count)
        {
            var message = Assert.IsType<ChatMessage>(await ann.NextAsync($"message {atAnn.Count + 1} of {said.Count}"));
            atAnn.Add(((ulong)message.Offset, message.Body));
        }

        var recorded = default(JsonElement);
        await Eventually.HoldsAsync(
            async () => (recorded = (await Tool.RunAsync(Limit, "admin", "connection", connection, "--json", "--data", stack.Data)).Json)
                .GetProperty("migrationCount").GetInt64() == Rebindings,
            () => $"{Rebindings} migrations are recorded: {recorded}");
        await bob.EndAsync();

        Assert.Equal(Enumerable.Range(1, said.Count).Select(offset => (ulong)offset), atAnn.Select(message => message.Item1));
        Assert.Equal(said.Order(), atAnn.Select(message => message.Item2).Order());
        Assert.Equal(atAnn, Messages(bob));
        Assert.Equal(said.Where(text => text.StartsWith("bob", StringComparison.Ordinal)), bob.Of("ack").Select(ack => ack.GetProperty("body").GetString()));
        Assert.All(
            recorded.GetProperty("history").EnumerateArray(),
            attempt => Assert.Equal(("portOnly", "completed"), (attempt.GetProperty("kind").GetString(), attempt.GetProperty("outcome").GetString())));
        Assert.Equal(Rebindings, recorded.GetProperty("history").GetArrayLength());
        Assert.Single(bob.Of("welcome"));
        Assert.Empty(bob.Of("lost"));
    }

    [Fact]
    public async Task Cut_off_it_resumes_by_its_position_and_gets_exactly_what_it_missed()
    {
        const int Missed = 7;
        await using var path = PathSimulator.Start(new PathSimulatorOptions { Server = stack.Gateway });
        await using var ann = await Member.JoinAsync(stack, stack.Gateway, "ann-of-the-sdk", "interop-cut");
        await using var bob = await GoClient.StartAsync(stack, path.ListenEndPoint, "bob-in-go", "interop-cut", "-patience", "2s");
        var first = await bob.NextAsync("joined");
        await ann.Room.PublishAsync("before").WaitAsync(Limit);
        var last = await bob.NextAsync("message");

        // Its connection never comes back: only another one, from another port, gets through again.
        var cut = Assert.Single(path.Clients);
        path.Blackhole = LinkDirections.Both;
        await bob.PublishAsync("said while cut off");
        for (var i = 0; i < Missed; i++)
        {
            await ann.Room.PublishAsync($"missed {i}").WaitAsync(Limit);
        }

        await bob.NextAsync("lost", lost => !lost.GetProperty("terminal").GetBoolean());
        cut.Blackhole = LinkDirections.Both;
        path.Blackhole = LinkDirections.None;
        var joined = await bob.NextAsync("joined");
        await bob.NextAsync("ack");
        await ann.ReadToAsync(Missed + 2);
        await bob.EndAsync();

        Assert.True(joined.GetProperty("recovered").GetBoolean(), $"{joined}");
        Assert.Equal(first.GetProperty("epoch").GetString(), joined.GetProperty("epoch").GetString());
        Assert.Equal(last.GetProperty("offset").GetUInt64(), joined.GetProperty("offset").GetUInt64());
        Assert.Equal(
            ["before", .. Enumerable.Range(0, Missed).Select(i => $"missed {i}"), "said while cut off"], Messages(bob).Select(message => message.Text));
        Assert.Equal(Enumerable.Range(1, Missed + 2).Select(offset => (ulong)offset), Messages(bob).Select(message => message.Offset));
        Assert.Equal(2, bob.Of("welcome").Count());
        Assert.Equal("said while cut off", Assert.Single(bob.Of("ack")).GetProperty("body").GetString());
    }

    private static IEnumerable<(ulong Offset, string Text)> Messages(GoClient client)
        => client.Of("message").Select(message => (message.GetProperty("offset").GetUInt64(), message.GetProperty("body").GetString()!));
}
