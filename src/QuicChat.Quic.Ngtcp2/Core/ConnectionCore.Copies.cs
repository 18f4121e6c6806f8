namespace QuicChat.Quic.Ngtcp2.Core;

// An attacker whose copies of a client's datagrams overtake them seems to be the client on a new path. The client is to be heard from where it is: a server has to send
// something there that it answers, and its answer brings the connection back (RFC 9000, section 9.3.3). ngtcp2 1.11 sends nothing to the former path until the
// new one is validated, and a client that waits for the server would wait until that has failed. So what goes to the new path goes to the former one, too.
internal sealed unsafe partial class ConnectionCore
{
    private WireConnectionId _idOnValidated;
    private bool _isSameId;
    private bool _challengeWritten;
    private byte[]? _copy;

    // A client that moves by itself takes another connection ID, and the same packet on both paths would link them (RFC 9000, section 9.5). Nobody else can.
    private void NoteId(ReadOnlySpan<byte> datagram, FourTuple real)
    {
        // Of a short header (RFC 9000, section 17.3).
        if (!_isServer || datagram.Length <= _ids.Ids.Length || (datagram[0] & 0x80) != 0)
        {
            return;
        }

        var id = new WireConnectionId(datagram.Slice(1, _ids.Ids.Length));
        if (real.IsSamePeer(_validated))
        {
            _idOnValidated = id;
        }
        else if (real.IsSamePeer(_virtualizer.Current))
        {
            _isSameId = id == _idOnValidated;
        }
    }

    // Not more than may go to a path that is not validated is copied, and no challenge: the answer to it by the former path would validate the new one.
    private void CopyToValidated(FourTuple virtualPath, ReadOnlySpan<byte> datagram)
    {
        if (IsElsewhere && !_challengeWritten && virtualPath == _virtualizer.CurrentVirtual)
        {
            _copy = datagram.ToArray();
        }

        _challengeWritten = false;
    }

    // Whether the client may be where it was validated last, and not where its newest packet came from.
    private bool IsElsewhere => _isSameId && _isProven && _tracker is { IsMigrating: true } && _virtualizer.Allowance != long.MaxValue;

    private int PollCopy(Span<byte> buffer, out FourTuple path)
    {
        path = _validated;
        if (_copy is not { } copy)
        {
            return 0;
        }

        _copy = null;
        copy.CopyTo(buffer);
        return copy.Length;
    }
}
