using System.Security.Cryptography;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Paths;
using QuicChat.Quic.Routing;

namespace QuicChat.Quic.Ngtcp2.Driver;

// First packets: those that begin a connection, and those that are answered at once and forgotten.
internal sealed partial class Ngtcp2Listener
{
    // RFC 9000, section 20.1.
    private const ulong ConnectionRefused = 2;
    private const ulong InvalidToken = 0xb;

    // RFC 9000, section 17.2; 0 is Initial.
    private const byte PacketType = 0x30;

    private unsafe void Accept(ReadOnlySpan<byte> datagram, in FourTuple path, Ecn ecn, Instant now)
    {
        if (_load.IsFull)
        {
            Reject(RejectionReason.HandshakeLimit, path, now);
            return;
        }

        fixed (byte* data = datagram)
        {
            Interop.Ngtcp2.PacketHeader header;
            if (Interop.Ngtcp2.Accept(&header, data, (nuint)datagram.Length) != 0 || header.Dcid.DataLength < Interop.Ngtcp2.MinInitialDcidLength)
            {
                // What is not a first packet follows one of a connection that is gone, or was never here.
                Reject((datagram[0] & PacketType) == 0 ? RejectionReason.Malformed : RejectionReason.UnknownConnection, path, now);
                return;
            }

            if (Accept(header, path, now) is not { } driver)
            {
                return;
            }

            _connections.Add(driver);
            _load.Begin();
            switch (driver.OnDatagram(datagram, path, ecn, now))
            {
                case RejectionReason.Unproven when _retry != RetryPolicy.Never:
                    SendRetry(header, path, now);
                    break;
                case { } reason:
                    Reject(reason, path, now);
                    break;
            }
        }
    }

    // A first packet begins a connection, or is answered at once and forgotten.
    private ConnectionDriver? Accept(in Interop.Ngtcp2.PacketHeader header, in FourTuple path, Instant now)
    {
        try
        {
            if (_unbound || _pool is { View: null })
            {
                Reject(RejectionReason.NotAdmitted, path, now);
                Refuse(header, path, ConnectionRefused);
                return null;
            }

            // Before the application is asked, so that forged addresses do not use up what it lets in.
            var proof = _tokens.Check(header, path.Remote, now);
            if (proof.Kind == AddressProofKind.Invalid)
            {
                Reject(RejectionReason.InvalidToken, path, now);
                Refuse(header, path, InvalidToken);
                return null;
            }

            if (proof.Kind == AddressProofKind.None && AsksForProof(now))
            {
                SendRetry(header, path, now);
                return null;
            }

            if (_admit?.Invoke() == false)
            {
                Reject(RejectionReason.NotAdmitted, path, now);
                Refuse(header, path, ConnectionRefused);
                return null;
            }

            var driver = new ConnectionDriver(_loop, this, _logger, OnEnded);
            var core = ConnectionCore.Accept(header, path, _settings, _ids, _ => _loop.Wake(driver), now, proof);
            core.Driver = driver;
            var context = new Ngtcp2ConnectionContext(driver, path.ToPath(), _settings, c => OnHandshakeCompleted(driver, c));
            context.Greeted = _certificates is null ? null : name => _ = ChooseCertificateAsync(core, context, name);
            driver.Attach(core, context);
            return driver;
        }
        catch (Exception e)
        {
            // One client that cannot be served must not end the thread of all others.
            EngineLog.AcceptFailed(_logger, path.Remote.ToString(), e);
            return null;
        }
    }

    private bool AsksForProof(Instant now) => _retry switch
    {
        RetryPolicy.Always => true,
        RetryPolicy.Never => false,
        _ => _load.IsHigh(now.Elapsed),
    };

    // It is smaller than what it answers, so a forged address is sent less than it costs (RFC 9000, section 8.1).
    private void SendRetry(in Interop.Ngtcp2.PacketHeader header, in FourTuple path, Instant now)
    {
        Reject(RejectionReason.Unproven, path, now);
        Span<byte> scid = stackalloc byte[_ids.Ids.Length];
        _ids.Ids.Mint(scid);
        var buffer = _loop.SendBuffer;
        if (_tokens.WriteRetry(buffer, header, path.Remote, scid, now) is > 0 and var length)
        {
            _ = _socket.TrySend(buffer[..length], path);
        }
    }

    // So that a client tries elsewhere at once, and not when its handshake times out.
    private unsafe void Refuse(in Interop.Ngtcp2.PacketHeader header, in FourTuple path, ulong error)
    {
        var buffer = _loop.SendBuffer;
        var (dcid, scid) = (header.Scid, header.Dcid);
        fixed (byte* destination = buffer)
        {
            var length = Interop.Ngtcp2.WriteInitialConnectionClose(
                destination, (nuint)buffer.Length, header.Version, &dcid, &scid, error, null, 0);
            if (length > 0)
            {
                _ = _socket.TrySend(buffer[..(int)length], path);
            }
        }
    }

    private unsafe void SendVersionNegotiation(in Interop.Ngtcp2.VersionCid header, in FourTuple path)
    {
        // A reserved version keeps clients used to versions that they do not know (RFC 9000, section 6.3).
        const uint Reserved = 0x1a2a3a4a;
        var buffer = _loop.SendBuffer;
        var versions = stackalloc uint[] { Reserved, Interop.Ngtcp2.ProtocolVersion1 };
        fixed (byte* destination = buffer)
        {
            var length = Interop.Ngtcp2.WriteVersionNegotiation(
                destination, (nuint)buffer.Length, (byte)Random.Shared.Next(256), header.Scid, header.ScidLength, header.Dcid, header.DcidLength, versions, 2);
            if (length > 0)
            {
                _ = _socket.TrySend(buffer[..(int)length], path);
            }
        }
    }

    // The newest secret's: a server that does not know it yet makes no use of the ticket.
    private static Func<ReadOnlyMemory<byte>> TicketKeyOf(ServerPool? pool)
    {
        if (pool is not null)
        {
            return () => pool.View is { } view ? view.Secrets[0].TicketKey : default;
        }

        ReadOnlyMemory<byte> key = RandomNumberGenerator.GetBytes(Gnutls.SessionTicketKeyLength);
        return () => key;
    }
}
