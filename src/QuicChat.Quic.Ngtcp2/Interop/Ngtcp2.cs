using System.Runtime.InteropServices;

namespace QuicChat.Quic.Ngtcp2.Interop;

/// <summary>The functions of libngtcp2 that are called; names and meanings are those of ngtcp2.h.</summary>
internal static unsafe partial class Ngtcp2
{
    /// <summary>The oldest version whose struct versions are the ones declared here: 1.11.0.</summary>
    public const int OldestVersion = 0x010b00;

    public const int CallbacksVersion = 1;
    public const int SettingsVersion = 2;
    public const int TransportParametersVersion = 1;
    public const int PacketInfoVersion = 1;

    public const uint ProtocolVersion1 = 1;
    public const int MinInitialDcidLength = 8;
    public const int MaxUdpPayloadSize = 1200;
    public const int MaxPmtudUdpPayloadSize = 1452;

    public const int ErrorInvalidState = -204;
    public const int ErrorStreamIdBlocked = -206;
    public const int ErrorStreamDataBlocked = -208;
    public const int ErrorCrypto = -213;
    public const int ErrorStreamShutWrite = -219;
    public const int ErrorStreamNotFound = -220;
    public const int ErrorClosing = -223;
    public const int ErrorDraining = -224;
    public const int ErrorReceivedVersionNegotiation = -222;
    public const int ErrorConnectionIdBlocked = -227;
    public const int ErrorWriteMore = -230;
    public const int ErrorRetry = -231;
    public const int ErrorDropConnection = -232;
    public const int ErrorVersionNegotiation = -235;
    public const int ErrorHandshakeTimeout = -236;
    public const int ErrorIdleClose = -238;
    public const int ErrorCallbackFailure = -502;

    public const int EncryptionLevelInitial = 0;
    public const int EncryptionLevelHandshake = 1;
    public const int EncryptionLevel1Rtt = 2;

    public const uint StreamDataFlagFin = 1;
    public const uint WriteStreamFlagMore = 1;
    public const uint WriteStreamFlagFin = 2;
    public const uint StreamCloseFlagApplicationErrorCodeSet = 1;

    public const int PathValidationSuccess = 0;
    public const int PathValidationFailure = 1;
    public const int PathValidationAborted = 2;

    public const uint PathValidationFlagNewToken = 2;

    public const int TokenTypeRetry = 1;
    public const int TokenTypeNewToken = 2;
    public const byte TokenMagicRetry = 0xb7;
    public const byte TokenMagicRegular = 0x36;
    public const int MaxRetryTokenLength = 90;
    public const int MaxRegularTokenLength = 41;

    public const int CloseTypeTransport = 0;
    public const int CloseTypeApplication = 1;

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_version")]
    public static partial Info* Version(int leastVersion);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_strerror")]
    public static partial byte* StrError(int error);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_settings_default_versioned")]
    public static partial void SettingsDefault(int version, Settings* settings);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_transport_params_default_versioned")]
    public static partial void TransportParametersDefault(int version, TransportParameters* parameters);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_pkt_decode_version_cid")]
    public static partial int DecodeVersionCid(VersionCid* destination, byte* data, nuint length, nuint shortDcidLength);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_accept")]
    public static partial int Accept(PacketHeader* destination, byte* packet, nuint length);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_is_supported_version")]
    public static partial int IsSupportedVersion(uint version);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_pkt_write_version_negotiation")]
    public static partial nint WriteVersionNegotiation(
        byte* destination, nuint length, byte unusedRandom, byte* dcid, nuint dcidLength, byte* scid, nuint scidLength, uint* versions, nuint count);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_server_new_versioned")]
    public static partial int ServerNew(
        nint* connection, Cid* dcid, Cid* scid, Path* path, uint version, int callbacksVersion, Callbacks* callbacks, int settingsVersion,
        Settings* settings, int parametersVersion, TransportParameters* parameters, void* memory, void* userData);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_client_new_versioned")]
    public static partial int ClientNew(
        nint* connection, Cid* dcid, Cid* scid, Path* path, uint version, int callbacksVersion, Callbacks* callbacks, int settingsVersion,
        Settings* settings, int parametersVersion, TransportParameters* parameters, void* memory, void* userData);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_del")]
    public static partial void Delete(nint connection);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_set_tls_native_handle")]
    public static partial void SetTlsNativeHandle(nint connection, nint session);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_read_pkt_versioned")]
    public static partial int ReadPacket(
        nint connection, Path* path, int packetInfoVersion, PacketInfo* packetInfo, byte* packet, nuint length, ulong now);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_writev_stream_versioned")]
    public static partial nint WriteStream(
        nint connection, Path* path, int packetInfoVersion, PacketInfo* packetInfo, byte* destination, nuint length, nint* accepted,
        uint flags, long streamId, Vec* data, nuint count, ulong now);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_update_pkt_tx_time")]
    public static partial void UpdatePacketTxTime(nint connection, ulong now);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_get_expiry")]
    public static partial ulong GetExpiry(nint connection);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_handle_expiry")]
    public static partial int HandleExpiry(nint connection, ulong now);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_get_pto")]
    public static partial ulong GetPto(nint connection);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_get_path")]
    public static partial Path* GetPath(nint connection);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_initiate_migration")]
    public static partial int InitiateMigration(nint connection, Path* path, ulong now);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_get_remote_transport_params")]
    public static partial TransportParameters* GetRemoteTransportParameters(nint connection);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_get_local_transport_params")]
    public static partial TransportParameters* GetLocalTransportParameters(nint connection);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_get_scid")]
    public static partial nuint GetScid(nint connection, Cid* destination);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_open_bidi_stream")]
    public static partial int OpenBidiStream(nint connection, long* streamId, void* streamUserData);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_open_uni_stream")]
    public static partial int OpenUniStream(nint connection, long* streamId, void* streamUserData);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_set_stream_user_data")]
    public static partial int SetStreamUserData(nint connection, long streamId, void* streamUserData);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_shutdown_stream_write")]
    public static partial int ShutdownStreamWrite(nint connection, uint flags, long streamId, ulong errorCode);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_shutdown_stream_read")]
    public static partial int ShutdownStreamRead(nint connection, uint flags, long streamId, ulong errorCode);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_extend_max_stream_offset")]
    public static partial int ExtendMaxStreamOffset(nint connection, long streamId, ulong length);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_extend_max_offset")]
    public static partial void ExtendMaxOffset(nint connection, ulong length);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_extend_max_streams_bidi")]
    public static partial void ExtendMaxStreamsBidi(nint connection, nuint count);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_extend_max_streams_uni")]
    public static partial void ExtendMaxStreamsUni(nint connection, nuint count);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_set_keep_alive_timeout")]
    public static partial void SetKeepAliveTimeout(nint connection, ulong timeout);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_set_tls_alert")]
    public static partial void SetTlsAlert(nint connection, byte alert);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_get_tls_alert")]
    public static partial byte GetTlsAlert(nint connection);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_get_ccerr")]
    public static partial CloseError* GetCloseError(nint connection);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_ccerr_default")]
    public static partial void CloseErrorDefault(CloseError* error);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_ccerr_set_transport_error")]
    public static partial void CloseErrorSetTransport(CloseError* error, ulong code, byte* reason, nuint length);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_ccerr_set_liberr")]
    public static partial void CloseErrorSetLibraryError(CloseError* error, int libraryError, byte* reason, nuint length);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_ccerr_set_application_error")]
    public static partial void CloseErrorSetApplication(CloseError* error, ulong code, byte* reason, nuint length);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_write_connection_close_versioned")]
    public static partial nint WriteConnectionClose(
        nint connection, Path* path, int packetInfoVersion, PacketInfo* packetInfo, byte* destination, nuint length, CloseError* error, ulong now);

    [LibraryImport(NativeLibraries.Ngtcp2CryptoGnutls, EntryPoint = "ngtcp2_crypto_gnutls_configure_server_session")]
    public static partial int ConfigureServerSession(nint session);

    [LibraryImport(NativeLibraries.Ngtcp2CryptoGnutls, EntryPoint = "ngtcp2_crypto_gnutls_configure_client_session")]
    public static partial int ConfigureClientSession(nint session);

    [LibraryImport(NativeLibraries.Ngtcp2CryptoGnutls, EntryPoint = "ngtcp2_crypto_recv_crypto_data_cb")]
    public static partial int CryptoReceiveCryptoData(nint connection, int level, ulong offset, byte* data, nuint length, void* userData);

    [LibraryImport(NativeLibraries.Ngtcp2CryptoGnutls, EntryPoint = "ngtcp2_crypto_decrypt_cb")]
    public static partial int CryptoDecrypt(
        byte* destination, void* aead, void* aeadContext, byte* ciphertext, nuint ciphertextLength, byte* nonce, nuint nonceLength,
        byte* additionalData, nuint additionalDataLength);

    [LibraryImport(NativeLibraries.Ngtcp2CryptoGnutls, EntryPoint = "ngtcp2_crypto_write_connection_close")]
    public static partial nint WriteInitialConnectionClose(
        byte* destination, nuint length, uint version, Cid* dcid, Cid* scid, ulong errorCode, byte* reason, nuint reasonLength);

    [LibraryImport(NativeLibraries.Ngtcp2CryptoGnutls, EntryPoint = "ngtcp2_crypto_generate_stateless_reset_token")]
    public static partial int GenerateStatelessResetToken(byte* token, byte* secret, nuint secretLength, Cid* cid);

    [LibraryImport(NativeLibraries.Ngtcp2CryptoGnutls, EntryPoint = "ngtcp2_crypto_generate_retry_token2")]
    public static partial nint GenerateRetryToken(
        byte* token, byte* secret, nuint secretLength, uint version, Libc.SockAddr* remote, uint remoteLength, Cid* retryScid, Cid* originalDcid, ulong now);

    [LibraryImport(NativeLibraries.Ngtcp2CryptoGnutls, EntryPoint = "ngtcp2_crypto_verify_retry_token2")]
    public static partial int VerifyRetryToken(
        Cid* originalDcid, byte* token, nuint tokenLength, byte* secret, nuint secretLength, uint version, Libc.SockAddr* remote, uint remoteLength, Cid* dcid,
        ulong timeout, ulong now);

    [LibraryImport(NativeLibraries.Ngtcp2CryptoGnutls, EntryPoint = "ngtcp2_crypto_generate_regular_token")]
    public static partial nint GenerateRegularToken(
        byte* token, byte* secret, nuint secretLength, Libc.SockAddr* remote, uint remoteLength, ulong now);

    [LibraryImport(NativeLibraries.Ngtcp2CryptoGnutls, EntryPoint = "ngtcp2_crypto_verify_regular_token")]
    public static partial int VerifyRegularToken(
        byte* token, nuint tokenLength, byte* secret, nuint secretLength, Libc.SockAddr* remote, uint remoteLength, ulong timeout, ulong now);

    [LibraryImport(NativeLibraries.Ngtcp2CryptoGnutls, EntryPoint = "ngtcp2_crypto_write_retry")]
    public static partial nint WriteRetry(
        byte* destination, nuint length, uint version, Cid* dcid, Cid* scid, Cid* originalDcid, byte* token, nuint tokenLength);

    [LibraryImport(NativeLibraries.Ngtcp2, EntryPoint = "ngtcp2_conn_submit_new_token")]
    public static partial int SubmitNewToken(nint connection, byte* token, nuint length);

    /// <summary>The words of libngtcp2 for one of its errors.</summary>
    public static string Describe(int error) => Marshal.PtrToStringUTF8((nint)StrError(error)) ?? $"error {error}";
}
