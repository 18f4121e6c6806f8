using System.Net;
using System.Security.Cryptography;
using System.Text;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Core;

// How a connection begins, on either side.
internal sealed unsafe partial class ConnectionCore
{
    private ConnectionCore(
        ConnectionSettings settings, ConnectionIdTable ids, ConnectionId id, FourTuple path, bool isServer, Action<ConnectionCore> wake, Instant now,
        AddressProofKind proof = AddressProofKind.None)
    {
        _settings = settings;
        _ids = ids;
        _isServer = isServer;
        _virtualizer = new PathVirtualizer(path);

        // The token of an earlier connection spares its client a Retry and no more: who has seen it can bring it again, for that address, for a day.
        _handshakePaths = isServer ? new HandshakePaths(path, isProven: proof == AddressProofKind.Retry) : null;
        _validated = path;
        _migrationTimeout = settings.MigrationTimeout;
        _wake = wake;
        _now = now;
        Id = id;
    }

    /// <summary>
    /// Accepts the connection that a client's first Initial packet asks for; the packet is to be handed in next. Its token counts as far as <paramref name="proof"/> says.
    /// </summary>
    public static ConnectionCore Accept(
        in Interop.Ngtcp2.PacketHeader header,
        FourTuple path,
        ConnectionSettings settings,
        ConnectionIdTable ids,
        Action<ConnectionCore> wake,
        Instant now,
        AddressProof proof = default)
    {
        var connection = new ConnectionCore(
            settings, ids, ((ServerConnectionIds)ids.Ids).NewIdentity(), path, isServer: true, wake, now, proof.Kind);
        try
        {
            connection.StartServer(header, path, proof);
        }
        catch
        {
            connection.ReleaseUnstarted();
            throw;
        }

        return connection;
    }

    /// <summary>Begins a connection to a server; the first datagram is there to be sent.</summary>
    public static ConnectionCore Connect(
        FourTuple path, ConnectionSettings settings, ConnectionIdTable ids, Action<ConnectionCore> wake, Instant now)
    {
        var connection = new ConnectionCore(settings, ids, ConnectionId.Create(0), path, isServer: false, wake, now);
        try
        {
            connection.StartClient(path);
        }
        catch
        {
            connection.ReleaseUnstarted();
            throw;
        }

        return connection;
    }

    private void StartServer(in Interop.Ngtcp2.PacketHeader header, FourTuple path, AddressProof proof)
    {
        Span<byte> scidBytes = stackalloc byte[_ids.Ids.Length];
        ((ServerConnectionIds)_ids.Ids).Mint(scidBytes, Id);
        var dcid = header.Scid;
        var scid = Interop.Ngtcp2.Cid.From(scidBytes);
        _handle = new ConnectionHandle(
            this, _settings.Credentials, Gnutls.Server | TicketFlags(_settings.TicketKey is not null) | Gnutls.NoAutoSendTicket | Gnutls.NoEndOfEarlyData);
        Gnutls.Check(Interop.Ngtcp2.ConfigureServerSession(_handle.Session), "The TLS session cannot be set up for QUIC");
        EnableTickets();
        SetApplicationProtocol();
        _hello = _settings.AsksForCredentials ? [] : null;

        Interop.Ngtcp2.Settings settings;
        Interop.Ngtcp2.TransportParameters parameters;
        FillSettings(&settings, &parameters);
        parameters.OriginalDcid = header.Dcid;
        parameters.OriginalDcidPresent = 1;
        parameters.StatelessResetTokenPresent = 1;
        WriteResetToken(&scid, (byte*)&parameters.StatelessResetToken);
        if (proof.Kind == AddressProofKind.Retry)
        {
            parameters.OriginalDcid = proof.OriginalDcid;
            parameters.RetryScid = header.Dcid;
            parameters.RetryScidPresent = 1;
        }

        if (proof.Kind != AddressProofKind.None)
        {
            // With a token, ngtcp2 takes the address for validated.
            settings.Token = header.Token;
            settings.TokenLength = header.TokenLength;
            settings.TokenType = proof.Kind == AddressProofKind.Retry ? Interop.Ngtcp2.TokenTypeRetry : Interop.Ngtcp2.TokenTypeNewToken;
        }

        var native = new NativePath(path);
        var callbacks = NativeCallbacks;
        nint connection;
        var result = Interop.Ngtcp2.ServerNew(
            &connection, &dcid, &scid, native.Pointer(&native), header.Version, Interop.Ngtcp2.CallbacksVersion, &callbacks,
            Interop.Ngtcp2.SettingsVersion, &settings, Interop.Ngtcp2.TransportParametersVersion, &parameters, null, _handle.UserData);
        Attach(result, connection);
        AddId(scidBytes);

        // Until the client has seen the server's own ID, its packets carry the one that it made up.
        AddId(header.Dcid.Bytes, isNumbered: false);
    }

    private void StartClient(FourTuple path)
    {
        var trust = _settings.Trust ?? throw new InvalidOperationException("A client needs a way to verify servers.");
        Span<byte> scidBytes = stackalloc byte[_ids.Ids.Length];
        _ids.Ids.Mint(scidBytes);
        var scid = Interop.Ngtcp2.Cid.From(scidBytes);
        var dcid = Interop.Ngtcp2.Cid.From(RandomNumberGenerator.GetBytes(Interop.Ngtcp2.MaxCidLength));
        _handle = new ConnectionHandle(
            this, _settings.Credentials, Gnutls.Client | TicketFlags(_settings.Memory is not null) | Gnutls.NoEndOfEarlyData);
        Gnutls.Check(Interop.Ngtcp2.ConfigureClientSession(_handle.Session), "The TLS session cannot be set up for QUIC");
        SetApplicationProtocol();
        if (trust is ServerTrust.Pinned)
        {
            Gnutls.SessionSetVerifyFunction(_handle.Session, &VerifyFingerprint);
        }
        else
        {
            _handle.VerifyServer(trust.Host);
            if (!IPAddress.TryParse(trust.Host, out _))
            {
                // Addresses are not allowed in server names (RFC 6066, section 3).
                var name = Encoding.ASCII.GetBytes(trust.Host);
                fixed (byte* bytes = name)
                {
                    Gnutls.Check(Gnutls.ServerNameSet(_handle.Session, Gnutls.NameDns, bytes, (nuint)name.Length), "The server name cannot be set");
                }
            }
        }

        OfferTicket();
        Interop.Ngtcp2.Settings settings;
        Interop.Ngtcp2.TransportParameters parameters;
        FillSettings(&settings, &parameters);
        var native = new NativePath(path);
        var callbacks = NativeCallbacks;
        nint connection;
        int result;
        var token = _settings.Memory is { } memory ? memory.Cache.TakeToken(memory.Key) : null;
        fixed (byte* tokenBytes = token)
        {
            if (token is not null)
            {
                // ngtcp2 copies it.
                settings.Token = tokenBytes;
                settings.TokenLength = (nuint)token.Length;
                settings.TokenType = Interop.Ngtcp2.TokenTypeNewToken;
            }

            result = Interop.Ngtcp2.ClientNew(
                &connection, &dcid, &scid, native.Pointer(&native), Interop.Ngtcp2.ProtocolVersion1, Interop.Ngtcp2.CallbacksVersion, &callbacks,
                Interop.Ngtcp2.SettingsVersion, &settings, Interop.Ngtcp2.TransportParametersVersion, &parameters, null, _handle.UserData);
        }

        Attach(result, connection);
        AddId(scidBytes);
    }

    private void Attach(int result, nint connection)
    {
        if (result != 0)
        {
            throw new InvalidOperationException($"A QUIC connection cannot be made: {Interop.Ngtcp2.Describe(result)}.");
        }

        _connection = connection;
        _handle!.Attach(connection);
        SetKeepAlive(_settings.KeepAliveInterval);
    }

    private void FillSettings(Interop.Ngtcp2.Settings* settings, Interop.Ngtcp2.TransportParameters* parameters)
    {
        Interop.Ngtcp2.SettingsDefault(Interop.Ngtcp2.SettingsVersion, settings);
        settings->InitialTimestamp = Nanoseconds(_now);
        settings->HandshakeTimeout = Nanoseconds(_settings.HandshakeTimeout, infinite: Never);

        Interop.Ngtcp2.TransportParametersDefault(Interop.Ngtcp2.TransportParametersVersion, parameters);
        parameters->InitialMaxData = (ulong)_settings.ConnectionReceiveWindow;
        parameters->InitialMaxStreamDataBidiLocal = (ulong)_settings.StreamReceiveWindow;
        parameters->InitialMaxStreamDataBidiRemote = (ulong)_settings.StreamReceiveWindow;
        parameters->InitialMaxStreamDataUni = (ulong)_settings.StreamReceiveWindow;
        parameters->InitialMaxStreamsBidi = (ulong)_settings.MaxBidirectionalStreams;
        parameters->InitialMaxStreamsUni = (ulong)_settings.MaxUnidirectionalStreams;

        // 0 is no time-out (RFC 9000, section 18.2).
        parameters->MaxIdleTimeout = Nanoseconds(_settings.IdleTimeout, infinite: 0);
        parameters->MaxUdpPayloadSize = (ulong)_settings.MaxDatagramSize;
        settings->MaxTxUdpPayloadSize = (nuint)Math.Min(_settings.MaxDatagramSize, Interop.Ngtcp2.MaxPmtudUdpPayloadSize);

        // With the default of 2, ngtcp2 closes the connection at the third change of path in a row.
        parameters->ActiveConnectionIdLimit = MaxConnectionIds;
    }

    private void SetApplicationProtocol()
    {
        if (_settings.ApplicationProtocol.Length == 0)
        {
            return;
        }

        fixed (byte* protocol = _settings.ApplicationProtocol)
        {
            var datum = new Gnutls.Datum { Data = protocol, Size = (uint)_settings.ApplicationProtocol.Length };
            Gnutls.Check(Gnutls.AlpnSetProtocols(_handle!.Session, &datum, 1, Gnutls.AlpnMandatory), "The application protocol cannot be set");
        }
    }

    private void WriteResetToken(Interop.Ngtcp2.Cid* id, byte* token)
    {
        var key = _ids.Ids.ResetKey(id->Bytes);
        fixed (byte* secret = key)
        {
            if (Interop.Ngtcp2.GenerateStatelessResetToken(token, secret, (nuint)key.Length, id) != 0)
            {
                throw new InvalidOperationException("A stateless reset token cannot be made.");
            }
        }
    }

    private void ReleaseUnstarted()
    {
        _state = State.Closed;
        _handle?.Dispose();
        _handle = null;
        _connection = 0;
        Forget();
    }
}
