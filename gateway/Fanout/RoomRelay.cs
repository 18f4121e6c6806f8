using System.Collections.Immutable;
using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Routing;

namespace QuicChat.Gateway.Fanout;

/// <summary>
/// One room at this gateway: keeps the room's wish for messages alive, takes its batches, fills holes from the log, and wakes its members.
/// Batches are a hint; what a batch or an answer shows to be missing is read.
/// </summary>
internal sealed partial class RoomRelay
{
    private const int PageSize = 100;

    // Members that come and go within it are told to the room together; it is told at once where nothing was told for so long.
    private static readonly TimeSpan RosterInterval = TimeSpan.FromMilliseconds(50);

    private readonly RoomRelays _relays;
    private readonly IRoomGrain _grain;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _renewing = new(1);
    private readonly AsyncSignal _due = new();
    private readonly Task _running;

    private readonly Lock _lock = new();
    private readonly HashSet<RoomMember> _members = [];
    private readonly HashSet<RoomMember> _watchers = [];
    private readonly RoomRoster _roster;
    private PresenceView? _presence;
    private readonly BatchesAhead _ahead;
    private TaskCompletionSource _attached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RoomEpoch? _epoch;
    private string _writer = "";
    private long _firstStored;
    private long _lastStored;
    private bool _filling;
    private long _trimTo;
    private long _trimmedAt;
    private long _lastMember;
    private bool _isAsked;

    /// <summary>Begins to follow a room.</summary>
    public RoomRelay(RoomRelays relays, string room, long roster)
    {
        _relays = relays;
        _roster = new RoomRoster(roster);
        _ahead = new BatchesAhead(relays.Options.MaxBatchesAhead, relays.Options.RingBytes);
        _trimmedAt = relays.Time.GetTimestamp();
        Room = room;
        _grain = relays.Cluster.Room(room);
        Publishes = new PublishQueue(relays, this, _grain, _stopping.Token);
        _running = RunAsync();
    }

    /// <summary>The room's name.</summary>
    public string Room { get; }

    /// <summary>The way of messages to the room.</summary>
    public PublishQueue Publishes { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time => _relays.Time;

    /// <summary>Room streams that use this relay; owned by <see cref="RoomRelays"/>.</summary>
    public int Users { get; set; }

    /// <summary>Why members of an old epoch end: a client that joins again learns the new one. The connection is not going anywhere.</summary>
    public static RoomStreamException NewEpoch(string room)
        => new(ErrorCode.GoingAway, $"The log of room {room} was lost and has begun anew; join again.");

    /// <summary>Takes a stream in: decides where it goes on, once the room's tail is known.</summary>
    /// <param name="after">Where the client says it is.</param>
    /// <param name="newest">How many of the newest messages it wants where that place cannot be gone on from.</param>
    /// <param name="user">Whose stream it is.</param>
    /// <param name="wantsPresence">Whether it is to be told who is in the room.</param>
    /// <param name="wake">What to set when there is something to write.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<RoomMember> JoinAsync(
        LogPosition? after, int newest, RoomUser user, bool wantsPresence, AsyncSignal wake, CancellationToken cancellationToken)
    {
        await WhenAttached().WaitAsync(cancellationToken);
        var backoff = new Backoff();
        var asked = false;
        for (var tries = 0; ; tries++)
        {
            var (epoch, first, last) = Known();
            var reaches = after is { } place && place.Epoch == epoch.Name && place.Offset <= last && place.Offset + 1 >= first;

            // A client may know more of the log than this gateway does yet; that its place is gone is only said after asking the room.
            if (reaches || after is null || asked)
            {
                var position = reaches ? after!.Value.Offset : Math.Max(last - newest, first - 1);
                if (await TryBeginAsync(epoch, position, last) is { } page
                    && TryAdmit(new RoomMember(this, epoch, position, reaches, page, user, wake), wantsPresence) is { } member)
                {
                    return member;
                }
            }

            if (tries > 0)
            {
                await Task.Delay(backoff.Next(), Time, cancellationToken);
            }

            asked = await TryRenewAsync(cancellationToken);
        }
    }

    /// <summary>Lets a stream go.</summary>
    public void Leave(RoomMember member)
    {
        lock (_lock)
        {
            _members.Remove(member);
            if (_watchers.Remove(member) && _watchers.Count == 0)
            {
                _presence!.Dispose();
                _presence = null;
            }

            if (_roster.Remove(member.User))
            {
                _presence?.SetOwn(member.User, false);
                _due.Set();
            }
        }
    }

    /// <summary>Takes a batch of who has come and gone.</summary>
    public void Deliver(PresenceBatch batch)
    {
        lock (_lock)
        {
            if (_presence?.TryTake(batch) == false)
            {
                Ask();
            }
        }
    }

    /// <summary>Ends the relay.</summary>
    public Task StopAsync()
    {
        _stopping.Cancel();
        _due.Set();
        return _running;
    }

    private (RoomEpoch Epoch, long First, long Last) Known()
    {
        lock (_lock)
        {
            return (_epoch!, _firstStored, _lastStored);
        }
    }

    /// <summary>Makes sure that the message after <paramref name="position"/> can be had, if there is one.</summary>
    /// <returns>A page of the log, empty where the message is at hand; <see langword="null"/> where it cannot be had.</returns>
    private async Task<ImmutableArray<RoomMessage>?> TryBeginAsync(RoomEpoch epoch, long position, long last)
    {
        if (position == last || epoch.Ring.Find(position + 1) is not null)
        {
            return [];
        }

        return await TryReadAsync(position + 1) is { } page
            && page.Tail.Epoch == epoch.Name && page.Messages is [{ } next, ..] && next.Offset == position + 1
            ? page.Messages
            : null;
    }

    private RoomMember? TryAdmit(RoomMember member, bool wantsPresence)
    {
        lock (_lock)
        {
            if (!member.IsOf(_epoch!))
            {
                return null;
            }

            _members.Add(member);
            member.Number = ++_lastMember;
            if (_roster.Add(member.User))
            {
                _presence?.SetOwn(member.User, true);
                _due.Set();
            }

            if (wantsPresence)
            {
                _watchers.Add(member);
                if (_presence is null)
                {
                    _presence = new PresenceView(Time, WakeWatchers, _roster.Users);
                    Ask();
                }

                member.Watch(_presence);
            }

            return member;
        }
    }

    private void WakeWatchers()
    {
        lock (_lock)
        {
            foreach (var member in _watchers)
            {
                member.Wake();
            }
        }
    }
}
