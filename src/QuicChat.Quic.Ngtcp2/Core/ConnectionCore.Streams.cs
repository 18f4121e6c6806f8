using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Core;

// Streams, and taking turns among them.
internal sealed unsafe partial class ConnectionCore
{
    private const int MaxVectors = 16;

    private readonly Dictionary<long, StreamCore> _streams = [];
    private readonly Queue<StreamCore> _sendable = new();
    private readonly HashSet<StreamCore> _blocked = [];
    private readonly List<StreamCore> _touched = [];
    private readonly List<StreamCore> _closedStreams = [];

    /// <summary>Opens a stream.</summary>
    /// <param name="isUnidirectional">Whether only this side writes to it.</param>
    /// <returns>The stream, or <see langword="null"/> where the peer allows no more for now.</returns>
    public StreamCore? TryOpenStream(bool isUnidirectional = false)
    {
        if (_state != State.Open)
        {
            return null;
        }

        long id;
        var result = isUnidirectional
            ? Interop.Ngtcp2.OpenUniStream(_connection, &id, null)
            : Interop.Ngtcp2.OpenBidiStream(_connection, &id, null);
        return result == 0 ? AddStream(id) : null;
    }

    private StreamCore AddStream(long id)
    {
        var stream = new StreamCore(this, id, _settings.Pool);
        _streams.Add(id, stream);
        return stream;
    }

    /// <summary>Puts a stream into the queue of those that may have something to send.</summary>
    public void Enqueue(StreamCore stream)
    {
        stream.Queued = true;
        _sendable.Enqueue(stream);
    }

    // ngtcp2 gives the check of a path up, and goes back to the former one, not when its time is up but when it writes next. So where nothing may be sent it is had to write
    // in vain then, into a byte.
    private bool _hasExpired;

    /// <summary>What the datagram that was written last is to be sent with.</summary>
    public Ecn Ecn { get; private set; }

    /// <summary>Writes the next datagram.</summary>
    /// <param name="buffer">Where to; at least 1,452 bytes.</param>
    /// <param name="now">The time.</param>
    /// <param name="path">The real path that the datagram goes on.</param>
    /// <returns>Its length, or 0 where there is nothing to send for now; <see cref="EndTransmit"/> ends the turn.</returns>
    public int PollTransmit(Span<byte> buffer, Instant now, out FourTuple path)
    {
        _now = now;
        path = default;
        Ecn = Ecn.NotCapable;
        if (PollCopy(buffer, out path) is > 0 and var copied)
        {
            return copied;
        }

        if (_state is State.Closing or State.Closed)
        {
            return PollClose(buffer, out path);
        }

        while (true)
        {
            var native = default(NativePath);
            var room = Math.Min(buffer.Length, SendLimit);
            var isInVain = room == 0 && _hasExpired && _handshakePaths is null;
            _hasExpired = false;
            AccompanyPathResponse();
            var length = room == 0 && !isInVain ? 0 : WritePacket(buffer[..Math.Max(room, 1)], &native);
            if (isInVain && length >= 0)
            {
                _challengeWritten = false;
                NotePath();
                if (SendLimit > 0)
                {
                    continue;
                }
            }

            if (length == 0 && IsCopied && (length = WriteToValidated(buffer, out path)) > 0)
            {
                return (int)length;
            }

            if (length < 0)
            {
                EndByLibrary((int)length);
                return PollClose(buffer, out path);
            }

            if (length == 0)
            {
                // Streams that wait for the peer to read are not among the sendable ones, and not waited for.
                if (_closeRequest is { } close && (_sendable.Count == 0 || now.Elapsed >= close.Latest))
                {
                    _closeRequest = null;
                    WriteClose(close.Code, close.Reason);
                    return PollClose(buffer, out path);
                }

                return 0;
            }

            var virtualPath = native.Read();
            CountSent(virtualPath, (int)length);

            // A path that has been forgotten was an attacker's; what ngtcp2 had for it is not sent.
            if (_virtualizer.ToReal(virtualPath) is { } real)
            {
                CopyToValidated(virtualPath, buffer[..(int)length]);
                path = real;
                return (int)length;
            }
        }
    }

    // ngtcp2 arms no timer for packets with nothing but a PATH_RESPONSE, but counts them as in flight: where their acknowledgement is lost and two fill the smallest
    // congestion window, it would never send again. So a client's responses have a frame with them that is repeated. It allows the server unidirectional streams,
    // which is refused where the application wants none: see OnStreamOpen.
    private void AccompanyPathResponse()
    {
        if (_observed.PathChallenges > 0 && !_isServer)
        {
            _observed.PathChallenges--;
            Interop.Ngtcp2.ExtendMaxStreamsUni(_connection, 1);
        }
    }

    private nint WritePacket(Span<byte> buffer, NativePath* native)
    {
        var vectors = stackalloc Interop.Ngtcp2.Vec[MaxVectors];
        fixed (byte* destination = buffer)
        {
            while (true)
            {
                var flags = Interop.Ngtcp2.WriteStreamFlagMore;
                var count = 0;
                var fin = false;
                long offered = 0;
                var hasStream = _sendable.TryPeek(out var stream);
                if (hasStream)
                {
                    count = stream!.PrepareSend(new Span<Interop.Ngtcp2.Vec>(vectors, MaxVectors), out fin, out offered);
                    if (count < 0)
                    {
                        Dequeue();
                        continue;
                    }

                    flags |= fin ? Interop.Ngtcp2.WriteStreamFlagFin : 0;
                }

                nint accepted = -1;
                Interop.Ngtcp2.PacketInfo info = default;
                var written = Interop.Ngtcp2.WriteStream(
                    _connection, native->Pointer(native), Interop.Ngtcp2.PacketInfoVersion, &info, destination, (nuint)buffer.Length, &accepted,
                    hasStream ? flags : 0, hasStream ? stream!.Id : -1, vectors, (nuint)count, Nanoseconds(_now));
                if (accepted >= 0)
                {
                    stream!.Sent(accepted, fin && accepted == offered);
                }

                switch (written)
                {
                    case Interop.Ngtcp2.ErrorWriteMore:
                        // The packet has room for another stream's turn; a call without a stream finishes it.
                        Rotate();
                        continue;
                    case Interop.Ngtcp2.ErrorStreamDataBlocked:
                        _blocked.Add(Dequeue());
                        continue;
                    case Interop.Ngtcp2.ErrorStreamShutWrite or Interop.Ngtcp2.ErrorStreamNotFound:
                        Dequeue();
                        continue;
                }

                Ecn = (Ecn)(byte)info.Ecn;
                if (written > 0 && hasStream)
                {
                    Rotate();
                }

                return written;
            }
        }
    }

    private StreamCore Dequeue()
    {
        var stream = _sendable.Dequeue();
        stream.Queued = false;
        stream.EndRead();
        return stream;
    }

    private void Rotate()
    {
        var stream = _sendable.Dequeue();
        _sendable.Enqueue(stream);
    }

    // The peer may have granted new credit in the datagram that has just been read.
    private void RequeueBlocked()
    {
        foreach (var stream in _blocked)
        {
            if (!stream.Queued && !stream.Closed)
            {
                Enqueue(stream);
            }
        }

        _blocked.Clear();
    }

    /// <summary>Ends a turn of <see cref="PollTransmit"/>, whether or not all was sent.</summary>
    public void EndTransmit()
    {
        if (_connection == 0)
        {
            return;
        }

        Interop.Ngtcp2.UpdatePacketTxTime(_connection, Nanoseconds(_now));
        NotePath();
        foreach (var stream in _sendable)
        {
            stream.EndRead();
        }

        ContinueMove();
    }

    private int PollClose(Span<byte> buffer, out FourTuple path)
    {
        path = _closePath;
        if (_state != State.Closing || !_closeIsDue || _closePacket.Length > _closeAllowance)
        {
            return 0;
        }

        _closeIsDue = false;
        _closeAllowance -= _closeAllowance < int.MaxValue ? _closePacket.Length : 0;
        _closePacket.CopyTo(buffer);
        return _closePacket.Length;
    }

    /// <summary>Whether the peer opened a stream. The lowest bit of its ID names the initiator, 1 for the server (RFC 9000, section 2.1).</summary>
    public bool IsRemote(long streamId) => (streamId & 1) == 1 != _isServer;

    /// <summary>Whether only the side that opened a stream writes to it: the second lowest bit of its ID (RFC 9000, section 2.1).</summary>
    public static bool IsUnidirectional(long streamId) => (streamId & 2) != 0;
}
