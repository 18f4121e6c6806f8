using System.Collections.Concurrent;
using System.Collections.Immutable;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Rooms;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>A room in memory.</summary>
internal sealed class FakeRoom(string name) : IRoomGrain
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, IGatewayObserver> _gateways = [];
    private ImmutableList<RoomMessage> _log = [];
    private string _epoch = "epoch-1";
    private (long Id, long Number) _roster;
    private long _presence;
    private long _last;
    private long _term;
    private readonly Dictionary<(string UserId, string ClientId), long> _terms = [];

    public CallLog Calls { get; } = new();

    /// <summary>Whether batches to gateways are lost on their way.</summary>
    public bool LosesBatches { get; set; }

    /// <summary>How many calls took messages to gateways.</summary>
    public int Deliveries { get; private set; }

    /// <summary>How many messages came with each call.</summary>
    public ConcurrentQueue<int> Batches { get; } = [];

    /// <summary>All messages that came, stored or not.</summary>
    public ConcurrentQueue<PublishRequest> Requests { get; } = [];

    /// <summary>The stored messages.</summary>
    public IReadOnlyList<RoomMessage> Log => _log;

    /// <summary>How many gateways wish for messages.</summary>
    public int Attached
    {
        get
        {
            lock (_lock)
            {
                return _gateways.Count;
            }
        }
    }

    /// <summary>The room's activation.</summary>
    public string Writer { get; set; } = "writer-1";

    /// <summary>What gateways said they have seen.</summary>
    public ConcurrentQueue<RoomTail?> Seen { get; } = [];

    /// <summary>How many messages a page holds at most.</summary>
    public int PageLimit { get; set; } = 100;

    /// <summary>What gateways said of their members.</summary>
    public ConcurrentQueue<RoomMembers> Rosters { get; } = [];

    /// <summary>Who is in the room; the gateway's own users are not put in by themselves.</summary>
    public ConcurrentDictionary<string, RoomUser> Users { get; } = [];

    /// <summary>How long an activation that has just begun may not know all users.</summary>
    public TimeSpan SettlesIn { get; set; }

    /// <summary>Whether the gateway was told all changes.</summary>
    public bool HasPresence { get; set; }

    public async Task<RoomStanding> Attach(string gatewayId, IGatewayObserver observer, RoomRenewal renewal)
    {
        Seen.Enqueue(renewal.Seen);
        try
        {
            await Calls.CallAsync(nameof(Attach));
        }
        finally
        {
            // Whoever sees it can rely on that its call is not the next one to fail.
            if (renewal.Members is { } members)
            {
                Rosters.Enqueue(members);
            }
        }

        lock (_lock)
        {
            _gateways[gatewayId] = observer;
            if (renewal.Members is { } told && (told.IsComplete || (told.Roster, told.Number) == (_roster.Id, _roster.Number + 1)))
            {
                _roster = (told.Roster, told.Number);
            }

            return new RoomStanding(Tail(), _roster.Id, _roster.Number, HasPresence);
        }
    }

    public async Task<RoomPresence> GetPresence(string gatewayId)
    {
        RoomPresence presence;
        lock (_lock)
        {
            presence = new RoomPresence(Writer, _presence, SettlesIn, [.. Users.Values.OrderBy(user => user.UserId, StringComparer.Ordinal)]);
            HasPresence = true;
        }

        // The answer is on its way while changes overtake it.
        await Calls.CallAsync(nameof(GetPresence));
        return presence;
    }

    /// <summary>Users come and go at other gateways.</summary>
    public void Move(IEnumerable<string> joined, IEnumerable<string> left, bool isLost = false)
    {
        lock (_lock)
        {
            var batch = new PresenceBatch(
                name, Writer, _presence, ++_presence, [.. joined.Select(user => new RoomUser(user, $"{user}'s name"))], [.. left]);
            foreach (var user in batch.Joined)
            {
                Users[user.UserId] = user;
            }

            foreach (var userId in batch.Left)
            {
                Users.TryRemove(userId, out _);
            }

            foreach (var gateway in _gateways.Values.Where(_ => !isLost))
            {
                gateway.DeliverPresence(batch);
            }
        }
    }

    /// <summary>The silo dies: another activation knows nothing but what is stored.</summary>
    public void Forget(string writer)
    {
        lock (_lock)
        {
            Writer = writer;
            _gateways.Clear();
            Users.Clear();
            _roster = default;
            _presence = 0;
            HasPresence = false;
        }
    }

    public async Task Detach(string gatewayId)
    {
        await Calls.CallAsync(nameof(Detach));
        lock (_lock)
        {
            _gateways.Remove(gatewayId);
        }
    }

    public Task<PublishReceipt> Publish(PublishRequest request) => throw new NotSupportedException("A gateway publishes in batches.");

    public async Task<PublishAnswer> PublishAll(ImmutableArray<PublishRequest> requests, string? gatewayId)
    {
        Batches.Enqueue(requests.Length);
        await Calls.CallAsync(nameof(PublishAll));
        PublishAnswer answer;
        lock (_lock)
        {
            var last = _last;
            var isAttached = gatewayId is not null && _gateways.ContainsKey(gatewayId);
            ImmutableArray<PublishReceipt> receipts = [.. requests.Select(request => Take(request, gatewayId))];
            answer = new PublishAnswer(receipts, isAttached && !LosesBatches && _last > last ? Batch(_epoch, last + 1, _last) : null);
        }

        await Calls.CallAsync("Published");
        return answer;
    }

    public async Task<RoomPage> Read(long fromOffset, int limit)
    {
        await Calls.CallAsync(nameof(Read));
        lock (_lock)
        {
            return new RoomPage(Tail(), [.. _log.Where(message => message.Offset >= fromOffset).Take(Math.Min(limit, PageLimit))]);
        }
    }

    public async Task<ClientStanding> TakeOver(string userId, string clientId)
    {
        await Calls.CallAsync(nameof(TakeOver));
        return new ClientStanding(
            _log.LastOrDefault(message => message.UserId == userId && message.ClientId == clientId)?.ClientSeq ?? 0,
            Interlocked.Add(ref _term, 1_000));
    }

    /// <summary>Someone at another gateway publishes.</summary>
    public void Append(int messages, int bodyLength = 10)
    {
        lock (_lock)
        {
            for (var i = 0; i < messages; i++)
            {
                var body = $"{_last + 1}".PadRight(bodyLength, '.');
                Store(new PublishRequest("someone", "Some One", "elsewhere", _last + 1, body, 0), null);
            }
        }
    }

    /// <summary>Drops the oldest messages.</summary>
    public void Trim(int messages)
    {
        lock (_lock)
        {
            _log = _log.RemoveRange(0, messages);
        }
    }

    /// <summary>The log is lost and begins anew.</summary>
    public void Lose(string epoch)
    {
        lock (_lock)
        {
            _log = [];
            _last = 0;
            _epoch = epoch;
        }
    }

    /// <summary>The newest messages are lost, and with them the activation; those that come take their offsets.</summary>
    public void RollBack(int messages, string writer)
    {
        lock (_lock)
        {
            _log = _log.RemoveRange(_log.Count - messages, messages);
            _last -= messages;
            Writer = writer;
            _gateways.Clear();
        }
    }

    /// <summary>What was lost has been noticed.</summary>
    public void BeginEpoch(string epoch)
    {
        lock (_lock)
        {
            _epoch = epoch;
        }
    }

    /// <summary>Hands stored messages to the gateways, in a batch of their own.</summary>
    public void Push(long first, long last) => Push(_epoch, first, last);

    /// <summary>Hands messages to the gateways as those of an epoch.</summary>
    public void Push(string epoch, long first, long last)
    {
        lock (_lock)
        {
            foreach (var gatewayId in _gateways.Keys)
            {
                Push(gatewayId, Batch(epoch, first, last));
            }
        }
    }

    private RoomBatch Batch(string epoch, long first, long last)
        => new(name, epoch, [.. _log.Where(message => message.Offset >= first && message.Offset <= last)], Writer);

    private void Push(string gatewayId, RoomBatch batch)
    {
        Deliveries++;
        _gateways[gatewayId].Deliver(batch);
    }

    private PublishReceipt Take(PublishRequest request, string? gatewayId)
    {
        Requests.Enqueue(request);
        var own = _log.Where(message => message.UserId == request.UserId && message.ClientId == request.ClientId).ToList();
        var last = own.Count == 0 ? 0 : own[^1].ClientSeq;
        if (request.ClientSeq > last + 1)
        {
            return new PublishReceipt(PublishOutcome.Gap, 0, last);
        }

        var known = own.Find(message => message.ClientSeq == request.ClientSeq);
        var isOlder = request.Term < _terms.GetValueOrDefault((request.UserId, request.ClientId));
        return known?.Body == request.Body ? new PublishReceipt(PublishOutcome.Duplicate, known.Offset, last)
            : isOlder ? new PublishReceipt(PublishOutcome.Superseded, 0, last)
            : request.ClientSeq == last + 1 ? new PublishReceipt(PublishOutcome.Stored, Store(request, gatewayId), request.ClientSeq)
            : new PublishReceipt(known is null ? PublishOutcome.Forgotten : PublishOutcome.Taken, 0, last);
    }

    // To the gateway that the message comes from, it goes with the answer.
    private long Store(PublishRequest request, string? gatewayId)
    {
        var stored = new RoomMessage(
            ++_last, request.UserId, request.UserName, request.ClientId, request.ClientSeq, DateTimeOffset.UnixEpoch, request.Body);
        _log = _log.Add(stored);
        _terms[(request.UserId, request.ClientId)] = request.Term;
        foreach (var other in _gateways.Keys.Where(other => other != gatewayId && !LosesBatches))
        {
            Push(other, Batch(_epoch, stored.Offset, stored.Offset));
        }

        return stored.Offset;
    }

    private RoomTail Tail() => new(_epoch, _log.IsEmpty ? _last + 1 : _log[0].Offset, _last, Writer);
}
