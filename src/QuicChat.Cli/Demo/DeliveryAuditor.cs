namespace QuicChat.Cli.Demo;

/// <summary>
/// Checks delivery against acknowledgements: every acknowledged message must arrive exactly once, under its acknowledged offset, in the
/// order of offsets and, of one sender, in the order of publishing, at every member of its room. Messages are told apart by their text,
/// which must be unique. For any threads.
/// </summary>
internal sealed class DeliveryAuditor
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Room> _rooms = [];

    /// <summary>A member has joined a room; from now on it must get every message.</summary>
    public void Joined(string room, string member)
    {
        lock (_gate)
        {
            RoomOf(room).Members.Add(member, new Member());
        }
    }

    /// <summary>A message is about to be sent; to be called in the sender's order.</summary>
    public void Published(string room, string sender, string text)
    {
        lock (_gate)
        {
            RoomOf(room).Publish(sender, text);
        }
    }

    /// <summary>A message was acknowledged.</summary>
    public void Acknowledged(string room, string text, long offset)
    {
        lock (_gate)
        {
            RoomOf(room).Offsets[text] = offset;
        }
    }

    /// <summary>A message arrived at a member.</summary>
    public void Received(string room, string member, string text, long offset)
    {
        lock (_gate)
        {
            RoomOf(room).Receive(member, text, offset);
        }
    }

    /// <summary>
    /// Holes in what a member has so far, for a look in passing: offsets are dense, so those between its first and its newest message
    /// are due.
    /// </summary>
    public long HolesAt(string room, string member)
    {
        lock (_gate)
        {
            return RoomOf(room).Members[member].Holes;
        }
    }

    /// <summary>Compares all that happened so far.</summary>
    public DeliveryAudit Audit()
    {
        lock (_gate)
        {
            return _rooms.Values.Select(room => room.Audit()).Aggregate(
                new DeliveryAudit(0, 0, 0, 0, 0, 0, 0, 0),
                (sum, next) => new DeliveryAudit(
                    sum.Published + next.Published,
                    sum.Expected + next.Expected,
                    sum.Delivered + next.Delivered,
                    sum.Unacknowledged + next.Unacknowledged,
                    sum.Lost + next.Lost,
                    sum.Duplicated + next.Duplicated,
                    sum.Reordered + next.Reordered,
                    sum.Foreign + next.Foreign));
        }
    }

    private Room RoomOf(string name)
    {
        if (!_rooms.TryGetValue(name, out var room))
        {
            _rooms.Add(name, room = new Room());
        }

        return room;
    }

    private sealed class Room
    {
        // By sender, how many they have published; and of each message its place among its sender's.
        private readonly Dictionary<string, int> _published = [];
        private readonly Dictionary<string, (string Sender, int Number)> _places = [];

        public Dictionary<string, long?> Offsets { get; } = [];

        public Dictionary<string, Member> Members { get; } = [];

        public IEnumerable<(string Text, long Offset)> Acknowledged
            => Offsets.Where(entry => entry.Value is not null).Select(entry => (entry.Key, entry.Value!.Value));

        public void Publish(string sender, string text)
        {
            Offsets.Add(text, null);
            _places.Add(text, (sender, _published[sender] = _published.GetValueOrDefault(sender) + 1));
        }

        public void Receive(string member, string text, long offset)
            => Members[member].Receive(text, offset, _places.TryGetValue(text, out var place) ? place : null);

        public DeliveryAudit Audit()
        {
            var acknowledged = Acknowledged.ToList();
            var expected = (long)acknowledged.Count * Members.Count;
            var delivered = Members.Values.Sum(member => (long)member.CountOf(acknowledged));
            return new DeliveryAudit(
                Offsets.Count,
                expected,
                delivered,
                Offsets.Count - acknowledged.Count,
                expected - delivered,
                Members.Values.Sum(member => member.Duplicated),
                Members.Values.Sum(member => member.Reordered),
                Members.Values.Sum(member => (long)member.Texts.Count(text => !Offsets.ContainsKey(text))));
        }
    }

    private sealed class Member
    {
        private readonly Dictionary<string, long> _arrived = [];
        private readonly Dictionary<string, int> _newest = [];
        private long _first;
        private long _highest;

        public long Holes => _arrived.Count == 0 ? 0 : _highest - _first + 1 - _arrived.Count;

        public IEnumerable<string> Texts => _arrived.Keys;

        public long Duplicated { get; private set; }

        public long Reordered { get; private set; }

        public void Receive(string text, long offset, (string Sender, int Number)? place)
        {
            if (!_arrived.TryAdd(text, offset))
            {
                Duplicated++;
                return;
            }

            var newest = place is null ? 0 : _newest.GetValueOrDefault(place.Value.Sender);
            if (offset < _highest || place?.Number < newest)
            {
                Reordered++;
            }

            if (place?.Number > newest)
            {
                _newest[place.Value.Sender] = place.Value.Number;
            }

            _first = _arrived.Count == 1 ? offset : Math.Min(_first, offset);
            _highest = Math.Max(_highest, offset);
        }

        public int CountOf(IEnumerable<(string Text, long Offset)> messages)
            => messages.Count(message => _arrived.TryGetValue(message.Text, out var offset) && offset == message.Offset);
    }
}
