using System.Text;
using QuicChat.Quic.Engines;

namespace QuicChat.Quic.Ngtcp2.Core;

// How a connection ends: by the library, by this side's close or by the peer's (RFC 9000, section 10).
internal sealed unsafe partial class ConnectionCore
{
    private void EndByLibrary(int error)
    {
        switch (error)
        {
            case Interop.Ngtcp2.ErrorIdleClose:
                Abandon(new ConnectionClosure(ConnectionCloseOrigin.IdleTimeout, null, null, ""));
                return;
            case Interop.Ngtcp2.ErrorHandshakeTimeout:
                Abandon(new ConnectionClosure(ConnectionCloseOrigin.HandshakeTimeout, null, null, ""));
                return;
            case Interop.Ngtcp2.ErrorDraining or Interop.Ngtcp2.ErrorClosing:
                Abandon(ReadPeerClosure());
                return;
            case Interop.Ngtcp2.ErrorReceivedVersionNegotiation:
                Abandon(new ConnectionClosure(ConnectionCloseOrigin.Peer, null, null, "the server does not know this version of QUIC (RFC 9000)"));
                return;
            case Interop.Ngtcp2.ErrorDropConnection or Interop.Ngtcp2.ErrorRetry:
                Abandon(new ConnectionClosure(ConnectionCloseOrigin.Local, null, null, "the peer's first packets could not be used"));
                return;
        }

        if (_fault is { } fault)
        {
            _events.Enqueue(new ConnectionEvent.Faulted(fault));
            Refuse(InternalError, "internal error");
        }

        var alert = error == Interop.Ngtcp2.ErrorCrypto ? Interop.Ngtcp2.GetTlsAlert(_connection) : (byte)0;
        var reason = _refusal?.Reason ?? DescribeTrustProblem() ?? Interop.Ngtcp2.Describe(error);
        var code = _refusal?.ErrorCode ?? (alert != 0 ? CryptoError + alert : null);
        WriteClose(reason, (e, text, length) =>
        {
            if (code is { } known)
            {
                Interop.Ngtcp2.CloseErrorSetTransport(e, known, text, length);
            }
            else
            {
                Interop.Ngtcp2.CloseErrorSetLibraryError(e, error, text, length);
            }
        });
    }

    private delegate void CloseErrorSetter(Interop.Ngtcp2.CloseError* error, byte* reason, nuint length);

    // By itself, so that no delegate is made where there is nothing to close.
    private void WriteClose(ulong code, string reason)
        => WriteClose(reason, (error, text, length) => Interop.Ngtcp2.CloseErrorSetApplication(error, code, text, length));

    // Writes the close, which is kept to be sent again, and lets go of everything else.
    private void WriteClose(string reason, CloseErrorSetter set)
    {
        var text = new byte[MaxReasonBytes];
        Encoding.UTF8.GetEncoder().Convert(reason, text, flush: true, out _, out var length, out _);
        var packet = new byte[Interop.Ngtcp2.MaxUdpPayloadSize];
        nint written;
        ulong code;
        var native = default(NativePath);
        Interop.Ngtcp2.CloseError error;
        Interop.Ngtcp2.CloseErrorDefault(&error);
        fixed (byte* reasonBytes = text)
        fixed (byte* destination = packet)
        {
            set(&error, reasonBytes, (nuint)length);
            code = error.ErrorCode;
            Interop.Ngtcp2.PacketInfo info;
            written = Interop.Ngtcp2.WriteConnectionClose(
                _connection, native.Pointer(&native), Interop.Ngtcp2.PacketInfoVersion, &info, destination, (nuint)Math.Min(packet.Length, SendLimit), &error,
                Nanoseconds(_now));
        }

        var closure = error.Type == Interop.Ngtcp2.CloseTypeApplication
            ? new ConnectionClosure(ConnectionCloseOrigin.Local, code, null, reason)
            : new ConnectionClosure(ConnectionCloseOrigin.Local, null, code, reason);
        if (written <= 0 || _virtualizer.ToReal(native.Read()) is not { } path)
        {
            Abandon(closure);
            return;
        }

        _closePacket = packet[..(int)written];
        _closePath = path;
        _closeAllowance = SendLimit;
        _closingEnds = _now.Elapsed + ClosingTime;
        _closeIsDue = true;
        var isElsewhere = IsElsewhere;
        End(closure);
        _copy = isElsewhere ? _closePacket : null;
    }

    private ConnectionClosure ReadPeerClosure()
    {
        if (_statelessReset)
        {
            return new ConnectionClosure(ConnectionCloseOrigin.StatelessReset, null, null, "");
        }

        var error = Interop.Ngtcp2.GetCloseError(_connection);
        var reason = Encoding.UTF8.GetString(new ReadOnlySpan<byte>(error->Reason, (int)error->ReasonLength));
        return error->Type == Interop.Ngtcp2.CloseTypeApplication
            ? new ConnectionClosure(ConnectionCloseOrigin.Peer, error->ErrorCode, null, reason)
            : new ConnectionClosure(ConnectionCloseOrigin.Peer, null, error->ErrorCode, reason);
    }

    // The native connection goes first: after it, nothing points into the streams' memory.
    private void End(ConnectionClosure closure)
    {
        if (_state is State.Closing or State.Closed)
        {
            return;
        }

        _state = State.Closing;
        _connection = 0;
        _handle?.Dispose();
        _handle = null;
        var error = new QuicConnectionClosedException(closure);
        foreach (var stream in _streams.Values)
        {
            stream.Release(error);
        }

        foreach (var stream in _closedStreams)
        {
            stream.Release(null);
        }

        _streams.Clear();
        _closedStreams.Clear();
        _sendable.Clear();
        _blocked.Clear();
        _touched.Clear();
        _observed.StopSending.Clear();
        _tracker = null;
        _copy = null;
        _events.Enqueue(new ConnectionEvent.Closed(closure));
        EndMove(error);
    }

    private void Forget()
    {
        _state = State.Closed;
        foreach (var own in _ownIds)
        {
            _ids.Remove(own.Id);
        }

        _ownIds.Clear();
    }
}
