using Xunit;

namespace QuicChat.Client.Tests;

/// <summary>The delivery contract, whatever breaks: against a model of gateways and their room.</summary>
public sealed class SessionDeliveryTests(ITestOutputHelper output)
{
    private const int Members = 3;
    private const int Each = 150;
    private const string End = "end";

    public static TheoryData<int> Seeds => [1, 2, 3, 4, 5, 6, Random.Shared.Next()];

    [Theory, MemberData(nameof(Seeds))]
    public async Task EachMessageIsStoredOnceInCallOrderAndArrivesOnceInTheRoomsOrder(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var refused = Enumerable.Range(0, Members * Each).Where(_ => random.Next(20) == 0).Select(i => $"{i / Each}-{i % Each}").ToHashSet();
        var cluster = new ModelCluster(random, random.Next(5, 60)) { Refuses = refused.Contains };
        var members = await RunAsync(cluster, random);

        var log = cluster.Log.Where(message => message.Body != End).ToList();
        output.WriteLine($"{cluster.Faults} faults, {log.Count} messages");
        var expected = Enumerable.Range(0, Members).SelectMany(member => Enumerable.Range(0, Each).Select(i => $"{member}-{i}")).Except(refused).ToList();
        Assert.Equal(expected.Order(), log.Select(message => message.Body).Order());
        for (var i = 0; i < Members; i++)
        {
            var member = members[i];
            Assert.Empty(member.Unknown);
            Assert.Equal(refused.Where(body => body.StartsWith($"{i}-", StringComparison.Ordinal)).Order(), member.Rejected.Order());
            Assert.Equal(Enumerable.Range(0, Each).Select(n => $"{i}-{n}").Except(refused), log.Where(message => message.ClientId == $"client-{i}").Select(message => message.Body));
            Assert.All(member.Receipts, receipt => Assert.Equal(receipt.Key, log[(int)receipt.Value.Offset - 1].Body));
            Assert.Equal(log.Select(message => message.Body), member.Items.Select(item => Assert.IsType<ChatMessage>(item).Body));
        }
    }

    [Theory, MemberData(nameof(Seeds))]
    public async Task WhereTheStoreLosesMessagesNothingIsDoubledAndEachGapIsTold(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var cluster = new ModelCluster(random, random.Next(5, 60)) { LosesMessages = true };
        var members = await RunAsync(cluster, random);

        var log = cluster.Log.Where(message => message.Body != End).ToList();
        output.WriteLine($"{cluster.Faults} faults, {cluster.Losses} losses, {log.Count} messages, {members.Sum(member => member.Unknown.Count)} unknown");
        Assert.Equal(log.Count, log.DistinctBy(message => message.Body).Count());
        for (var i = 0; i < Members; i++)
        {
            var member = members[i];
            Assert.Empty(member.Rejected);
            Assert.Equal(Each, member.Receipts.Count + member.Unknown.Count);
            Assert.All(member.Unknown.Values, unknown => Assert.Equal(PublishUnknownCause.LogReplaced, unknown.Cause));

            // Those that are left of a member stand in call order.
            var left = log.Where(message => message.ClientId == $"client-{i}").Select(message => int.Parse(message.Body.Split('-')[1])).ToList();
            Assert.Equal(left.Order(), left);

            // Each stored message at most once; no offset is left out but at a gap, and there only such as have arrived before.
            var messages = member.Items.OfType<ChatMessage>().ToList();
            Assert.Equal(messages.Count, messages.DistinctBy(message => message.SentAt).Count());
            var offset = 0L;
            var isBehindGap = false;
            var arrived = new HashSet<long>();
            foreach (var item in member.Items)
            {
                switch (item)
                {
                    case RoomGap gap:
                        (offset, isBehindGap) = (gap.ContinuesAfter.Offset, true);
                        break;
                    case ChatMessage message:
                        for (offset++; offset < message.Offset; offset++)
                        {
                            Assert.True(isBehindGap && arrived.Contains(offset), $"{offset} is missing before {message}");
                        }

                        Assert.Equal(offset, message.Offset);
                        arrived.Add(offset);
                        break;
                }
            }
        }
    }

    private async Task<Member[]> RunAsync(ModelCluster cluster, Random random)
    {
        using var gateway = new TestGateway();
        using var end = new CancellationTokenSource();
        var serving = cluster.ServeAsync(gateway, end.Token);
        var members = await Task.WhenAll(Enumerable.Range(0, Members).Select(i => Member.StartAsync(gateway, i, random.Next(1, 20)))).For("all to join");
        try
        {
            await Task.WhenAll(members.Select(member => member.PublishAllAsync())).For("all messages to have their outcome");
            cluster.Calm();
            await members[0].PublishAsync(End).For("the last message");
            foreach (var member in members)
            {
                await member.Reading.For($"the last message at member {member.Number}");
                await member.Session.DisposeAsync().AsTask().For($"the end of member {member.Number}");
            }

            await end.CancelAsync();
            await serving.For("the cluster to end");
        }
        catch (TimeoutException)
        {
            output.WriteLine(string.Join('\n', gateway.Events.All.TakeLast(100)));
            output.WriteLine(string.Join('\n', members.Select(member => $"member {member.Number}: {member.Session.State}, {member.Items.Count} items")));
            throw;
        }

        return members;
    }

    private sealed class Member(int number, ChatSession session, SessionRoom room)
    {
        public int Number => number;

        public ChatSession Session => session;

        public Task Reading { get; private set; } = Task.CompletedTask;

        public List<RoomEvent> Items { get; } = [];

        public Dictionary<string, PublishReceipt> Receipts { get; } = [];

        public List<string> Rejected { get; } = [];

        public Dictionary<string, PublishUnknownException> Unknown { get; } = [];

        public static async Task<Member> StartAsync(TestGateway gateway, int number, int maxPublishesInFlight)
        {
            var session = new ChatSession(gateway.Options(
                clientId: $"client-{number}", servers: ["192.0.2.1:1", "192.0.2.1:2"], maxPublishesInFlight: maxPublishesInFlight, maxUnreadMessages: 20));
            while (session.State is SessionState.Connecting)
            {
                try
                {
                    await session.ConnectAsync();
                }
                catch (ChatConnectException e) when (e.IsReconnectable)
                {
                    // A fault of the cluster.
                }
            }

            return new Member(number, session, await session.JoinAsync("lobby", new JoinOptions { After = new RoomPosition("e1", 0), Newest = 10 }));
        }

        public async Task PublishAllAsync()
        {
            Reading = ReadAsync();
            foreach (var (body, outcome) in await Task.WhenAll(Enumerable.Range(0, Each).Select(i => PublishAsync($"{number}-{i}"))))
            {
                switch (outcome)
                {
                    case PublishReceipt receipt:
                        Receipts[body] = receipt;
                        break;
                    case PublishRejectedException:
                        Rejected.Add(body);
                        break;
                    case PublishUnknownException unknown:
                        Unknown[body] = unknown;
                        break;
                }
            }
        }

        private async Task ReadAsync()
        {
            await Task.Yield();
            while (true)
            {
                await foreach (var item in room.ReadAllAsync())
                {
                    if (item is ChatMessage { Body: End })
                    {
                        return;
                    }

                    Items.Add(item);
                    if (Items.Count % 20 == 0)
                    {
                        // Left and taken up again.
                        break;
                    }
                }
            }
        }

        public async Task<(string Body, object Outcome)> PublishAsync(string body)
        {
            try
            {
                return (body, await room.PublishAsync(body));
            }
            catch (ChatException e)
            {
                return (body, e);
            }
        }
    }
}
