namespace QuicChat.Quic.Ngtcp2.Core;

// The connection IDs that the peer reaches this end by, and those that it gives (RFC 9000, section 5.1).
internal sealed unsafe partial class ConnectionCore
{
    // The most that ngtcp2 can be told to take.
    private const int MaxConnectionIds = 8;

    private readonly List<OwnId> _ownIds = [];
    private ulong _nextIdSequence;

    private sealed class OwnId(WireConnectionId id, ulong? sequence)
    {
        public WireConnectionId Id { get; } = id;

        /// <summary>Its number (RFC 9000, section 5.1.1); none of the one that a client made up for the server.</summary>
        public ulong? Sequence { get; } = sequence;

        /// <summary>The peer needs it no more. ngtcp2 gives it another in its place, after a probe time-out.</summary>
        public bool IsRetired { get; set; }
    }

    private void AddId(ReadOnlySpan<byte> id, bool isNumbered = true)
    {
        var key = new WireConnectionId(id);
        _ownIds.Add(new OwnId(key, isNumbered ? _nextIdSequence++ : null));
        _ids.Add(key, this);
    }

    private void NoteRetired()
    {
        foreach (var sequence in _observed.Retired)
        {
            if (_ownIds.Find(own => own.Sequence == sequence) is { } retired)
            {
                retired.IsRetired = true;
            }
        }

        _observed.Retired.Clear();
    }

    // Where a client whose address has changed moves by itself before the check of its former address is over, ngtcp2 1.11 retires the ID of that
    // address but counts it until the check ends. It would close the connection for the one that the client gives in its place
    // (CONNECTION_ID_LIMIT_ERROR). The client has been told of the limit; this is ngtcp2's own copy, which it only hands out to be read. Whatever it
    // says, ngtcp2 keeps eight unused IDs and drops more.
    private void AcceptMoreConnectionIds()
        => Interop.Ngtcp2.GetLocalTransportParameters(_connection)->ActiveConnectionIdLimit = 2 * MaxConnectionIds;
}
