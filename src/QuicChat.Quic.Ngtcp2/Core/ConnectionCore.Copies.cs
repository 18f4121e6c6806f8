namespace QuicChat.Quic.Ngtcp2.Core;

// An attacker whose copies of a client's datagrams overtake them seems to be the client on a new path. The client is to be heard from where it is: a server has to send
// something there that it answers, and its answer brings the connection back (RFC 9000, section 9.3.3). ngtcp2 1.11 sends nothing to the former path until the
// new one is validated, and a client that waits for the server would wait until that has failed. So what goes to the new path goes to the former one, too.
internal sealed unsafe partial class ConnectionCore
{
    // A long header whose connection ID is longer than any (RFC 9000, section 17.2): ngtcp2 counts its bytes and looks no further.
    private static readonly byte[] NoDatagram = MakeNoDatagram();

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

    // The client has been heard where it was validated last: what came from elsewhere was a copy, unless it is late. There is no need to wait until the copy's address has
    // proven to be another's, and no limit of bytes to what the client gets.
    private bool IsCopied => IsElsewhere && _tracker!.HasHeardFromValidated;

    // What the limit of the new path does not let out goes to the validated path alone. ngtcp2 keeps to that limit itself, by what it has been shown of the path, so it is
    // shown a datagram that is none; what goes to the new path is counted here. A challenge of the new path does not go to the other.
    private nint WriteToValidated(Span<byte> buffer, out FourTuple path)
    {
        while (true)
        {
            ShowNothing();
            var native = default(NativePath);
            var length = WritePacket(buffer, &native);
            var isChallenge = _challengeWritten;
            _challengeWritten = false;
            path = _validated;
            if (length <= 0)
            {
                return length;
            }

            // It may have gone back to the validated path meanwhile, for the check of the new one has failed.
            var written = native.Read();
            if (!isChallenge && (written == _virtualizer.CurrentVirtual || _virtualizer.ToReal(written)?.IsSamePeer(_validated) == true))
            {
                return length;
            }
        }
    }

    private void ShowNothing()
    {
        var native = new NativePath(_virtualizer.CurrentVirtual);
        Interop.Ngtcp2.PacketInfo info = default;
        fixed (byte* data = NoDatagram)
        {
            _ = Interop.Ngtcp2.ReadPacket(
                _connection, native.Pointer(&native), Interop.Ngtcp2.PacketInfoVersion, &info, data, (nuint)NoDatagram.Length, Nanoseconds(_now));
        }
    }

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

    private static byte[] MakeNoDatagram()
    {
        var datagram = new byte[Interop.Ngtcp2.MaxUdpPayloadSize];
        datagram.AsSpan().Fill(0xff);
        return datagram;
    }
}
