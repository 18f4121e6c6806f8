using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Interop;

namespace QuicChat.Quic.Ngtcp2.Core;

// What a server gives its client so that the next connection begins faster: the proof of its address, and the TLS session (RFC 8446, section 2.2). No data goes with a
// first packet (0-RTT): anybody could send it again.
internal sealed unsafe partial class ConnectionCore
{
    // A server is verified anew at least as often.
    private static readonly TimeSpan LongestTrust = TimeSpan.FromHours(24);

    private UdpAddress? _newTokenFor;
    private SessionTicket? _offeredTicket;
    private bool _ticketsEnabled;
    private bool _ticketArrived;
    private bool _ticketKept;

    /// <summary>Whether the connection goes on with the TLS session of an earlier one; known once the handshake has completed.</summary>
    public bool IsResumed { get; private set; }

    private static uint TicketFlags(bool enabled) => enabled ? 0 : Gnutls.NoTickets;

    private void EnableTickets()
    {
        if (_settings.TicketKey?.Invoke() is not { IsEmpty: false } key)
        {
            return;
        }

        fixed (byte* bytes = key.Span)
        {
            var datum = new Gnutls.Datum { Data = bytes, Size = (uint)key.Length };
            Gnutls.Check(Gnutls.SessionTicketEnableServer(_handle!.Session, &datum), "TLS session tickets cannot be made");
        }

        _ticketsEnabled = true;
    }

    private void OfferTicket()
    {
        _offeredTicket = _settings.Memory is { } memory ? memory.Cache.TakeTicket(memory.Key, _now.Time) : null;
        if (_offeredTicket is { } ticket)
        {
            fixed (byte* data = ticket.Data.Span)
            {
                // What spares work must not cost a connection: without a ticket, the handshake is a whole one.
                if (Gnutls.SessionSetData(_handle!.Session, data, (nuint)ticket.Data.Length) < 0)
                {
                    _offeredTicket = null;
                }
            }
        }
    }

    // Only here does ngtcp2 take it from GnuTLS, and only now is it known that both sides speak the same protocol.
    private void SendTicket()
    {
        if (_ticketsEnabled)
        {
            Gnutls.Check(Gnutls.SessionTicketSend(_handle!.Session, 1, 0), "A TLS session ticket cannot be sent");
        }
    }

    // Keeps the first one alone, however many a server sends.
    private void KeepTicket()
    {
        if (!_ticketArrived || _isServer || _settings.Memory is not { } memory || (Gnutls.SessionGetFlags(_handle!.Session) & Gnutls.SessionFlagTicket) == 0)
        {
            return;
        }

        // GnuTLS says which sessions can be gone on with.
        _ticketArrived = false;
        Gnutls.Datum data;
        if (_ticketKept || TrustedUntil() is not { } until || Gnutls.SessionGetData(_handle.Session, &data) != 0)
        {
            return;
        }

        _ticketKept = true;
        var ticket = new ReadOnlySpan<byte>(data.Data, (int)data.Size).ToArray();
        Gnutls.Free(data.Data);
        memory.Cache.KeepTicket(memory.Key, new SessionTicket(ticket, until));
    }

    // A session that is gone on with trusts the server for no longer than the one in which its certificates were verified.
    private DateTimeOffset? TrustedUntil()
    {
        if (IsResumed)
        {
            return _offeredTicket?.Until;
        }

        DateTimeOffset until = _now.Time + LongestTrust;
        uint count;
        var chain = Gnutls.CertificateGetPeers(_handle!.Session, &count);
        try
        {
            for (var i = 0; i < count; i++)
            {
                using var certificate = X509CertificateLoader.LoadCertificate(new ReadOnlySpan<byte>(chain[i].Data, (int)chain[i].Size));
                DateTimeOffset notAfter = certificate.NotAfter;
                until = notAfter < until ? notAfter : until;
            }
        }
        catch (CryptographicException)
        {
            // It is good for GnuTLS; for how long is not known here.
            return null;
        }

        return until;
    }

    // A client's address proves itself with the handshake, unless it changed meanwhile, and with the check of each new path (RFC 9000, section 8.1.3).
    private void GiveToken()
    {
        if (_newTokenFor is not { } client)
        {
            return;
        }

        _newTokenFor = null;
        Span<byte> token = stackalloc byte[Interop.Ngtcp2.MaxRegularTokenLength];
        if (_settings.Tokens?.WriteNewToken(token, client, _now) is not (> 0 and var length))
        {
            return;
        }

        fixed (byte* bytes = token)
        {
            var result = Interop.Ngtcp2.SubmitNewToken(_connection, bytes, (nuint)length);
            if (result != 0)
            {
                throw new InvalidOperationException($"A token for the next connection cannot be sent: {Interop.Ngtcp2.Describe(result)}.");
            }
        }
    }
}
