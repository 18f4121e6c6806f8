using System.Runtime.InteropServices;

namespace QuicChat.Quic.Ngtcp2.Interop;

/// <summary>The functions of GnuTLS that are called; names and meanings are those of gnutls.h.</summary>
internal static unsafe partial class Gnutls
{
    public const uint Server = 1;
    public const uint Client = 1 << 1;
    public const uint NoTickets = 1 << 10;
    public const uint NoAutoSendTicket = 1 << 21;
    public const uint NoEndOfEarlyData = 1 << 22;
    public const int CredentialsCertificate = 1;
    public const int CertificateFormatPem = 1;
    public const uint SessionFlagTicket = 1 << 7;
    public const int SessionTicketKeyLength = 64;
    public const uint AlpnMandatory = 1;
    public const int NameDns = 1;
    public const int ErrorCertificate = -43;
    public const int DataDnsHostName = 1;
    public const int DataKeyPurposeOid = 2;
    public const uint CertificateSignerNotFound = 1 << 6;
    public const uint CertificateSignerNotAuthority = 1 << 7;
    public const uint CertificateInsecureAlgorithm = 1 << 8;
    public const uint CertificateNotActivated = 1 << 9;
    public const uint CertificateExpired = 1 << 10;
    public const uint CertificateSignatureFailure = 1 << 11;
    public const uint CertificateUnexpectedOwner = 1 << 14;
    public const uint CertificateSignerConstraints = 1 << 16;
    public const uint CertificatePurposeMismatch = 1 << 18;

    // RFC 5280, section 4.2.1.12: id-kp-serverAuth.
    public const string ServerPurpose = "1.3.6.1.5.5.7.3.1";

    // TLS 1.3 alone, without the middlebox compatibility mode, which QUIC forbids (RFC 9001, section 8.4). A session is gone on with only with a new key exchange, so that
    // whoever gets the key of tickets cannot read what was said (RFC 8446, section 2.2).
    //
    // What costs a server least comes first: AES-128, whose SHA-256 most processors do by themselves, and X25519.
    public const string Priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"
        + ":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1:+ECDHE-PSK:%DISABLE_TLS13_COMPAT_MODE";

    [StructLayout(LayoutKind.Sequential)]
    public struct Datum
    {
        public byte* Data;
        public uint Size;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct TypedData
    {
        public int Type;
        public byte* Data;
        public uint Size;
    }

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_strerror")]
    private static partial byte* StrError(int error);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_init")]
    public static partial int Init(nint* session, uint flags);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_deinit")]
    public static partial void Deinit(nint session);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_priority_init", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int PriorityInit(nint* priority, string text, byte** errorPosition);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_priority_deinit")]
    public static partial void PriorityDeinit(nint priority);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_priority_set")]
    public static partial int PrioritySet(nint session, nint priority);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_certificate_allocate_credentials")]
    public static partial int AllocateCredentials(nint* credentials);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_certificate_free_credentials")]
    public static partial void FreeCredentials(nint credentials);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_certificate_set_x509_key_mem")]
    public static partial int SetKeyFromMemory(nint credentials, Datum* certificate, Datum* key, int format);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_certificate_set_x509_trust_mem")]
    public static partial int SetTrustFromMemory(nint credentials, Datum* authorities, int format);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_credentials_set")]
    public static partial int CredentialsSet(nint session, int type, nint credentials);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_alpn_set_protocols")]
    public static partial int AlpnSetProtocols(nint session, Datum* protocols, uint count, uint flags);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_alpn_get_selected_protocol")]
    public static partial int AlpnGetSelectedProtocol(nint session, Datum* protocol);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_server_name_set")]
    public static partial int ServerNameSet(nint session, int type, byte* name, nuint length);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_session_set_ptr")]
    public static partial void SessionSetPointer(nint session, void* pointer);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_session_get_ptr")]
    public static partial void* SessionGetPointer(nint session);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_certificate_set_x509_system_trust")]
    public static partial int SetSystemTrust(nint credentials);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_session_set_verify_cert2")]
    public static partial void SessionSetVerifyCertificate(nint session, TypedData* conditions, uint count, uint flags);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_session_set_verify_function")]
    public static partial void SessionSetVerifyFunction(nint session, delegate* unmanaged[Cdecl]<nint, int> function);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_session_get_verify_cert_status")]
    public static partial uint SessionGetVerificationStatus(nint session);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_certificate_get_peers")]
    public static partial Datum* CertificateGetPeers(nint session, uint* count);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_session_ticket_enable_server")]
    public static partial int SessionTicketEnableServer(nint session, Datum* key);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_session_ticket_send")]
    public static partial int SessionTicketSend(nint session, uint count, uint flags);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_session_get_flags")]
    public static partial uint SessionGetFlags(nint session);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_session_get_data2")]
    public static partial int SessionGetData(nint session, Datum* data);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_session_set_data")]
    public static partial int SessionSetData(nint session, void* data, nuint length);

    [LibraryImport(NativeLibraries.Gnutls, EntryPoint = "gnutls_session_is_resumed")]
    public static partial int SessionIsResumed(nint session);

    /// <summary>Gives back what GnuTLS has allocated for its caller; gnutls_free is a variable that holds the function.</summary>
    public static void Free(void* memory)
        => (*(delegate* unmanaged[Cdecl]<void*, void>*)NativeLibraries.Export(NativeLibraries.Gnutls, "gnutls_free"))(memory);

    /// <summary>The words of GnuTLS for one of its errors.</summary>
    public static string Describe(int error) => Marshal.PtrToStringUTF8((nint)StrError(error)) ?? $"error {error}";

    /// <summary>Throws where <paramref name="result"/> is an error.</summary>
    public static void Check(int result, string what)
    {
        if (result < 0)
        {
            throw new InvalidOperationException($"{what}: {Describe(result)} (GnuTLS error {result}).");
        }
    }
}
