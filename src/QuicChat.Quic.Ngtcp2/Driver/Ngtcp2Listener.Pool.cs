using System.Security.Cryptography;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Driver;

// What belongs to connections of other servers of the pool, or of this one in a former life.
internal sealed partial class Ngtcp2Listener
{
    // RFC 9000, section 10.3: the least that a packet could be; and enough to look like one.
    private const int ResetTokenLength = 16;
    private const int MinResetLength = 5 + ResetTokenLength;
    private const int MaxResetLength = 43;

    private readonly ResetLimit _resetLimit = new();

    // A client's new path may lead to another server of the pool than the connection's. Long headers belong to handshakes, which no path changes in.
    private void HandOn(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> id, in FourTuple path, Instant now)
    {
        switch (_poolIds?.Find(id))
        {
            case { IsOfFormerLife: true }:
                SendReset(datagram.Length, id, path, now);
                break;
            case { Server: not 0 and var server } when server != _pool!.View?.ServerId && _link!.TryHandOn(datagram, path, server):
                break;
            default:
                Reject(RejectionReason.UnknownConnection, path, now);
                break;
        }
    }

    // What another server handed on. The link tells nothing of congestion, and validation finds that out (RFC 9000, section 13.4.2).
    private void OnHandedOn(ReadOnlySpan<byte> datagram, in FourTuple path, Instant now)
    {
        if (!TryReadId(datagram, out var id))
        {
            Reject(RejectionReason.Link, path, now);
        }
        else if (_ids.Find(id) is { } connection)
        {
            _pool!.CountTaken();
            Deliver((ConnectionDriver)connection.Driver!, datagram, path, Ecn.NotCapable, now);
        }
        else if (_poolIds!.Find(id).IsOfFormerLife)
        {
            SendReset(datagram.Length, id, path, now);
        }
        else
        {
            // One hop at most: it is not handed on again.
            Reject(RejectionReason.Link, path, now);
        }
    }

    // A short header holds the destination ID alone (RFC 9000, section 17.3).
    private bool TryReadId(ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> id)
    {
        var isShort = datagram.Length > _ids.Ids.Length && (datagram[0] & LongHeader) == 0;
        id = isShort ? datagram.Slice(1, _ids.Ids.Length) : default;
        return isShort;
    }

    // A server that was started again tells the clients of its former life at once that their connections are gone (RFC 9000, section 10.3). What this life has ended it
    // has ended with words, and what it has retired may still be on its way for a connection that lives.
    private unsafe void SendReset(int received, ReadOnlySpan<byte> id, in FourTuple path, Instant now)
    {
        // Shorter than what it answers, so that two ends that know nothing of each other fall silent.
        var length = Math.Min(received - 1, MaxResetLength);
        if (length < MinResetLength)
        {
            Reject(RejectionReason.UnknownConnection, path, now);
            return;
        }

        if (!_resetLimit.TryTake(now.Elapsed))
        {
            Reject(RejectionReason.ResetLimit, path, now);
            return;
        }

        Reject(RejectionReason.FormerLife, path, now);

        var packet = _loop.SendBuffer[..length];
        RandomNumberGenerator.Fill(packet);
        packet[0] = (byte)((packet[0] & 0x3f) | 0x40);
        var cid = Interop.Ngtcp2.Cid.From(id);
        var key = _poolIds!.ResetKey(id);
        fixed (byte* token = packet[^ResetTokenLength..])
        fixed (byte* secret = key)
        {
            if (Interop.Ngtcp2.GenerateStatelessResetToken(token, secret, (nuint)key.Length, &cid) != 0)
            {
                return;
            }
        }

        if (path.Ingress == 0)
        {
            _ = _socket.TrySend(packet, path);
        }
        else
        {
            _link!.Return(packet, path);
        }
    }
}
