using System.Reflection;
using QuicChat.Quic.Ngtcp2.Interop;
using Xunit;
using Native = QuicChat.Quic.Ngtcp2.Interop.Ngtcp2;

namespace QuicChat.Quic.Ngtcp2.Tests.Interop;

/// <summary>Each constant has the value of the installed headers. A constant that is not listed here fails.</summary>
public sealed class ConstantTests
{
    private static readonly Dictionary<Type, Dictionary<string, string>> Names = new()
    {
        [typeof(Native)] = new()
        {
            [nameof(Native.CallbacksVersion)] = "NGTCP2_CALLBACKS_V1",
            [nameof(Native.SettingsVersion)] = "NGTCP2_SETTINGS_V2",
            [nameof(Native.TransportParametersVersion)] = "NGTCP2_TRANSPORT_PARAMS_V1",
            [nameof(Native.PacketInfoVersion)] = "NGTCP2_PKT_INFO_V1",
            [nameof(Native.ProtocolVersion1)] = "NGTCP2_PROTO_VER_V1",
            [nameof(Native.MaxCidLength)] = "NGTCP2_MAX_CIDLEN",
            [nameof(Native.MinInitialDcidLength)] = "NGTCP2_MIN_INITIAL_DCIDLEN",
            [nameof(Native.MaxUdpPayloadSize)] = "NGTCP2_MAX_UDP_PAYLOAD_SIZE",
            [nameof(Native.MaxPmtudUdpPayloadSize)] = "NGTCP2_MAX_PMTUD_UDP_PAYLOAD_SIZE",
            [nameof(Native.ErrorInvalidState)] = "NGTCP2_ERR_INVALID_STATE",
            [nameof(Native.ErrorStreamIdBlocked)] = "NGTCP2_ERR_STREAM_ID_BLOCKED",
            [nameof(Native.ErrorStreamDataBlocked)] = "NGTCP2_ERR_STREAM_DATA_BLOCKED",
            [nameof(Native.ErrorCrypto)] = "NGTCP2_ERR_CRYPTO",
            [nameof(Native.ErrorStreamShutWrite)] = "NGTCP2_ERR_STREAM_SHUT_WR",
            [nameof(Native.ErrorStreamNotFound)] = "NGTCP2_ERR_STREAM_NOT_FOUND",
            [nameof(Native.ErrorReceivedVersionNegotiation)] = "NGTCP2_ERR_RECV_VERSION_NEGOTIATION",
            [nameof(Native.ErrorClosing)] = "NGTCP2_ERR_CLOSING",
            [nameof(Native.ErrorDraining)] = "NGTCP2_ERR_DRAINING",
            [nameof(Native.ErrorConnectionIdBlocked)] = "NGTCP2_ERR_CONN_ID_BLOCKED",
            [nameof(Native.ErrorWriteMore)] = "NGTCP2_ERR_WRITE_MORE",
            [nameof(Native.ErrorRetry)] = "NGTCP2_ERR_RETRY",
            [nameof(Native.ErrorDropConnection)] = "NGTCP2_ERR_DROP_CONN",
            [nameof(Native.ErrorVersionNegotiation)] = "NGTCP2_ERR_VERSION_NEGOTIATION",
            [nameof(Native.ErrorHandshakeTimeout)] = "NGTCP2_ERR_HANDSHAKE_TIMEOUT",
            [nameof(Native.ErrorIdleClose)] = "NGTCP2_ERR_IDLE_CLOSE",
            [nameof(Native.ErrorCallbackFailure)] = "NGTCP2_ERR_CALLBACK_FAILURE",
            [nameof(Native.EncryptionLevelInitial)] = "NGTCP2_ENCRYPTION_LEVEL_INITIAL",
            [nameof(Native.EncryptionLevelHandshake)] = "NGTCP2_ENCRYPTION_LEVEL_HANDSHAKE",
            [nameof(Native.EncryptionLevel1Rtt)] = "NGTCP2_ENCRYPTION_LEVEL_1RTT",
            [nameof(Native.StreamDataFlagFin)] = "NGTCP2_STREAM_DATA_FLAG_FIN",
            [nameof(Native.WriteStreamFlagMore)] = "NGTCP2_WRITE_STREAM_FLAG_MORE",
            [nameof(Native.WriteStreamFlagFin)] = "NGTCP2_WRITE_STREAM_FLAG_FIN",
            [nameof(Native.StreamCloseFlagApplicationErrorCodeSet)] = "NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET",
            [nameof(Native.PathValidationSuccess)] = "NGTCP2_PATH_VALIDATION_RESULT_SUCCESS",
            [nameof(Native.PathValidationFailure)] = "NGTCP2_PATH_VALIDATION_RESULT_FAILURE",
            [nameof(Native.PathValidationAborted)] = "NGTCP2_PATH_VALIDATION_RESULT_ABORTED",
            [nameof(Native.PathValidationFlagNewToken)] = "NGTCP2_PATH_VALIDATION_FLAG_NEW_TOKEN",
            [nameof(Native.TokenTypeRetry)] = "NGTCP2_TOKEN_TYPE_RETRY",
            [nameof(Native.TokenTypeNewToken)] = "NGTCP2_TOKEN_TYPE_NEW_TOKEN",
            [nameof(Native.TokenMagicRetry)] = "NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY2",
            [nameof(Native.TokenMagicRegular)] = "NGTCP2_CRYPTO_TOKEN_MAGIC_REGULAR",
            [nameof(Native.MaxRetryTokenLength)] = "NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2",
            [nameof(Native.MaxRegularTokenLength)] = "NGTCP2_CRYPTO_MAX_REGULAR_TOKENLEN",
            [nameof(Native.CloseTypeTransport)] = "NGTCP2_CCERR_TYPE_TRANSPORT",
            [nameof(Native.CloseTypeApplication)] = "NGTCP2_CCERR_TYPE_APPLICATION",
        },
        [typeof(Gnutls)] = new()
        {
            [nameof(Gnutls.Server)] = "GNUTLS_SERVER",
            [nameof(Gnutls.Client)] = "GNUTLS_CLIENT",
            [nameof(Gnutls.NoTickets)] = "GNUTLS_NO_TICKETS",
            [nameof(Gnutls.NoAutoSendTicket)] = "GNUTLS_NO_AUTO_SEND_TICKET",
            [nameof(Gnutls.NoEndOfEarlyData)] = "GNUTLS_NO_END_OF_EARLY_DATA",
            [nameof(Gnutls.CredentialsCertificate)] = "GNUTLS_CRD_CERTIFICATE",
            [nameof(Gnutls.CertificateFormatPem)] = "GNUTLS_X509_FMT_PEM",
            [nameof(Gnutls.SessionFlagTicket)] = "GNUTLS_SFLAGS_SESSION_TICKET",
            [nameof(Gnutls.AlpnMandatory)] = "GNUTLS_ALPN_MANDATORY",
            [nameof(Gnutls.NameDns)] = "GNUTLS_NAME_DNS",
            [nameof(Gnutls.ErrorCertificate)] = "GNUTLS_E_CERTIFICATE_ERROR",
            [nameof(Gnutls.DataDnsHostName)] = "GNUTLS_DT_DNS_HOSTNAME",
            [nameof(Gnutls.DataKeyPurposeOid)] = "GNUTLS_DT_KEY_PURPOSE_OID",
            [nameof(Gnutls.CertificateSignerNotAuthority)] = "GNUTLS_CERT_SIGNER_NOT_CA",
            [nameof(Gnutls.CertificateInsecureAlgorithm)] = "GNUTLS_CERT_INSECURE_ALGORITHM",
            [nameof(Gnutls.CertificateSignerConstraints)] = "GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE",
            [nameof(Gnutls.CertificatePurposeMismatch)] = "GNUTLS_CERT_PURPOSE_MISMATCH",
            [nameof(Gnutls.CertificateSignerNotFound)] = "GNUTLS_CERT_SIGNER_NOT_FOUND",
            [nameof(Gnutls.CertificateNotActivated)] = "GNUTLS_CERT_NOT_ACTIVATED",
            [nameof(Gnutls.CertificateExpired)] = "GNUTLS_CERT_EXPIRED",
            [nameof(Gnutls.CertificateSignatureFailure)] = "GNUTLS_CERT_SIGNATURE_FAILURE",
            [nameof(Gnutls.CertificateUnexpectedOwner)] = "GNUTLS_CERT_UNEXPECTED_OWNER",
        },
        [typeof(Libc)] = new()
        {
            [nameof(Libc.AfInet)] = "AF_INET",
            [nameof(Libc.AfInet6)] = "AF_INET6",
            [nameof(Libc.SockDgram)] = "SOCK_DGRAM",
            [nameof(Libc.SockCloseOnExec)] = "SOCK_CLOEXEC",
            [nameof(Libc.SockNonBlock)] = "SOCK_NONBLOCK",
            [nameof(Libc.SolSocket)] = "SOL_SOCKET",
            [nameof(Libc.SolIp)] = "IPPROTO_IP",
            [nameof(Libc.SolIpv6)] = "IPPROTO_IPV6",
            [nameof(Libc.SolUdp)] = "SOL_UDP",
            [nameof(Libc.UdpSegment)] = "UDP_SEGMENT",
            [nameof(Libc.UdpGro)] = "UDP_GRO",
            [nameof(Libc.SoSndBuf)] = "SO_SNDBUF",
            [nameof(Libc.SoRcvBuf)] = "SO_RCVBUF",
            [nameof(Libc.IpTos)] = "IP_TOS",
            [nameof(Libc.IpRecvTos)] = "IP_RECVTOS",
            [nameof(Libc.Ipv6RecvTrafficClass)] = "IPV6_RECVTCLASS",
            [nameof(Libc.Ipv6TrafficClass)] = "IPV6_TCLASS",
            [nameof(Libc.EInvalid)] = "EINVAL",
            [nameof(Libc.EIo)] = "EIO",
            [nameof(Libc.EOperationNotSupported)] = "EOPNOTSUPP",
            [nameof(Libc.IpPktInfo)] = "IP_PKTINFO",
            [nameof(Libc.IpMtuDiscover)] = "IP_MTU_DISCOVER",
            [nameof(Libc.Ipv6MtuDiscover)] = "IPV6_MTU_DISCOVER",
            [nameof(Libc.Ipv6V6Only)] = "IPV6_V6ONLY",
            [nameof(Libc.Ipv6RecvPktInfo)] = "IPV6_RECVPKTINFO",
            [nameof(Libc.Ipv6PktInfo)] = "IPV6_PKTINFO",
            [nameof(Libc.PmtuDiscoverProbe)] = "IP_PMTUDISC_PROBE",
            [nameof(Libc.MsgDontWait)] = "MSG_DONTWAIT",
            [nameof(Libc.MsgTrunc)] = "MSG_TRUNC",
            [nameof(Libc.EventFdNonBlockCloseOnExec)] = "(EFD_NONBLOCK | EFD_CLOEXEC)",
            [nameof(Libc.EpollCloseOnExec)] = "EPOLL_CLOEXEC",
            [nameof(Libc.EpollCtlAdd)] = "EPOLL_CTL_ADD",
            [nameof(Libc.EpollCtlDelete)] = "EPOLL_CTL_DEL",
            [nameof(Libc.EpollCtlModify)] = "EPOLL_CTL_MOD",
            [nameof(Libc.EpollIn)] = "EPOLLIN",
            [nameof(Libc.EpollOut)] = "EPOLLOUT",
            [nameof(Libc.EIntr)] = "EINTR",
            [nameof(Libc.EAgain)] = "EAGAIN",
            [nameof(Libc.EAccess)] = "EACCES",
            [nameof(Libc.EAddressInUse)] = "EADDRINUSE",
            [nameof(Libc.EAddressNotAvailable)] = "EADDRNOTAVAIL",
            [nameof(Libc.EAddressFamilyNotSupported)] = "EAFNOSUPPORT",
        },
    };

    // Those that no header knows.
    private static readonly string[] Own = [nameof(Native.OldestVersion), nameof(Gnutls.Priorities), nameof(Gnutls.SessionTicketKeyLength), nameof(Gnutls.ServerPurpose)];

    [Fact]
    public async Task Every_constant_has_the_value_of_the_installed_headers()
    {
        List<string> assertions = [];
        foreach (var (type, names) in Names)
        {
            var constants = type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
                .Where(f => f.IsLiteral && !Own.Contains(f.Name)).ToDictionary(f => f.Name, f => f.GetRawConstantValue());
            Assert.Equal(constants.Keys.Order(), names.Keys.Order());
            assertions.AddRange(constants.Select(
                c => FormattableString.Invariant($"""_Static_assert((long long)({names[c.Key]}) == {c.Value}, "{type.Name}.{c.Key}");""")));
        }

        assertions.Add($"""_Static_assert(NGTCP2_VERSION_NUM >= {Native.OldestVersion}, "the headers are those of a version that is supported");""");
        await CHeaders.AssertAsync(assertions);
    }
}
