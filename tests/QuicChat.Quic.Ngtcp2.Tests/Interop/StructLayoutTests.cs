using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using QuicChat.Quic.Ngtcp2.Driver;
using QuicChat.Quic.Ngtcp2.Interop;
using Xunit;
using Native = QuicChat.Quic.Ngtcp2.Interop.Ngtcp2;

namespace QuicChat.Quic.Ngtcp2.Tests.Interop;

/// <summary>Each struct that crosses into native code is laid out as the installed headers say. A struct or field that is not listed here fails.</summary>
public sealed class StructLayoutTests
{
    // The C type and its members in the order of the fields.
    private static readonly Dictionary<Type, (string Type, string Members)> Structs = new()
    {
        [typeof(Native.Cid)] = ("ngtcp2_cid", "datalen data"),
        [typeof(Native.Vec)] = ("ngtcp2_vec", "base len"),
        [typeof(Native.PacketHeader)] = ("ngtcp2_pkt_hd", "dcid scid pkt_num token tokenlen pkt_numlen len version type flags"),
        [typeof(Native.VersionCid)] = ("ngtcp2_version_cid", "version dcid dcidlen scid scidlen"),
        [typeof(Native.Address)] = ("ngtcp2_addr", "addr addrlen"),
        [typeof(Native.Path)] = ("ngtcp2_path", "local remote user_data"),
        [typeof(Native.PathStorage)] = ("ngtcp2_path_storage", "path local_addrbuf remote_addrbuf"),
        [typeof(Native.PacketInfo)] = ("ngtcp2_pkt_info", "ecn"),
        [typeof(Native.Settings)] = (
            "ngtcp2_settings",
            "qlog_write cc_algo initial_ts initial_rtt log_printf max_tx_udp_payload_size token tokenlen token_type rand_ctx max_window max_stream_window "
            + "ack_thresh no_tx_udp_payload_size_shaping handshake_timeout preferred_versions preferred_versionslen available_versions "
            + "available_versionslen original_version no_pmtud initial_pkt_num pmtud_probes pmtud_probeslen"),
        [typeof(Native.PreferredAddress)] = ("ngtcp2_preferred_addr", "cid ipv4 ipv6 ipv4_present ipv6_present stateless_reset_token"),
        [typeof(Native.VersionInfo)] = ("ngtcp2_version_info", "chosen_version available_versions available_versionslen"),
        [typeof(Native.TransportParameters)] = (
            "ngtcp2_transport_params",
            "preferred_addr original_dcid initial_scid retry_scid initial_max_stream_data_bidi_local initial_max_stream_data_bidi_remote "
            + "initial_max_stream_data_uni initial_max_data initial_max_streams_bidi initial_max_streams_uni max_idle_timeout max_udp_payload_size "
            + "active_connection_id_limit ack_delay_exponent max_ack_delay max_datagram_frame_size stateless_reset_token_present "
            + "disable_active_migration original_dcid_present initial_scid_present retry_scid_present preferred_addr_present stateless_reset_token "
            + "grease_quic_bit version_info version_info_present"),
        [typeof(Native.CloseError)] = ("ngtcp2_ccerr", "type error_code frame_type reason reasonlen"),
        [typeof(Native.Info)] = ("ngtcp2_info", "age version_num version_str"),
        [typeof(Native.ConnectionReference)] = ("ngtcp2_crypto_conn_ref", "get_conn user_data"),
        [typeof(Native.Callbacks)] = (
            "ngtcp2_callbacks",
            "client_initial recv_client_initial recv_crypto_data handshake_completed recv_version_negotiation encrypt decrypt hp_mask recv_stream_data "
            + "acked_stream_data_offset stream_open stream_close recv_stateless_reset recv_retry extend_max_local_streams_bidi "
            + "extend_max_local_streams_uni rand get_new_connection_id remove_connection_id update_key path_validation select_preferred_addr "
            + "stream_reset extend_max_remote_streams_bidi extend_max_remote_streams_uni extend_max_stream_data dcid_status handshake_confirmed "
            + "recv_new_token delete_crypto_aead_ctx delete_crypto_cipher_ctx recv_datagram ack_datagram lost_datagram get_path_challenge_data "
            + "stream_stop_sending version_negotiation recv_rx_key recv_tx_key tls_early_data_rejected"),
        [typeof(Gnutls.Datum)] = ("gnutls_datum_t", "data size"),
        [typeof(Gnutls.TypedData)] = ("gnutls_typed_vdata_st", "type data size"),
        [typeof(Libc.SockAddr)] = ("struct sockaddr_in6", "sin6_family sin6_port sin6_flowinfo sin6_addr sin6_scope_id"),
        [typeof(Libc.SockAddrIn)] = ("struct sockaddr_in", "sin_family sin_port sin_addr sin_zero"),
        [typeof(Libc.IoVector)] = ("struct iovec", "iov_base iov_len"),
        [typeof(Libc.MessageHeader)] = ("struct msghdr", "msg_name msg_namelen msg_iov msg_iovlen msg_control msg_controllen msg_flags"),
        [typeof(Libc.MultipleMessageHeader)] = ("struct mmsghdr", "msg_hdr msg_len"),
        [typeof(Libc.ControlHeader)] = ("struct cmsghdr", "cmsg_len cmsg_level cmsg_type"),
        [typeof(Libc.Ipv6PacketInfo)] = ("struct in6_pktinfo", "ipi6_addr ipi6_ifindex"),
        [typeof(Libc.IpPacketInfo)] = ("struct in_pktinfo", "ipi_ifindex ipi_spec_dst ipi_addr"),
    };

    // A newer library has longer structs; it takes ours by the version that each call names, so their length counts for that version only.
    private static readonly Dictionary<Type, string> Versioned = new()
    {
        [typeof(Native.Settings)] = $"NGTCP2_SETTINGS_VERSION == {Native.SettingsVersion}",
        [typeof(Native.TransportParameters)] = $"NGTCP2_TRANSPORT_PARAMS_VERSION == {Native.TransportParametersVersion}",
        [typeof(Native.Callbacks)] = $"NGTCP2_CALLBACKS_VERSION == {Native.CallbacksVersion}",
        [typeof(Native.PacketInfo)] = $"NGTCP2_PKT_INFO_VERSION == {Native.PacketInfoVersion}",
    };

    [Fact]
    public async Task Every_struct_is_laid_out_as_the_installed_headers_say()
    {
        var structs = InteropTypes().Where(t => t.IsValueType && !t.IsDefined(typeof(InlineArrayAttribute))).ToArray();
        Assert.Empty(structs.Except(Structs.Keys));

        List<string> assertions = [];
        foreach (var type in structs)
        {
            var (native, members) = Structs[type];
            var names = members.Split(' ');
            var fields = type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
            Assert.True(names.Length == fields.Length, $"{type.Name} has {fields.Length} fields; {names.Length} are listed.");
            var size = $"""_Static_assert(sizeof({native}) == {SizeOf(type)}, "size of {type.Name}");""";
            assertions.Add(Versioned.TryGetValue(type, out var version) ? $"#if {version}\n{size}\n#endif" : size);
            foreach (var (field, name) in fields.Zip(names))
            {
                assertions.Add($"""_Static_assert(offsetof({native}, {name}) == {OffsetOf(type, field)}, "offset of {type.Name}.{field.Name}");""");

                // A field of ours may take in the padding that follows it, never another member.
                var comparison = field == typeof(Native.PacketInfo).GetField(nameof(Native.PacketInfo.Ecn)) ? "<=" : "==";
                assertions.Add(
                    $"""_Static_assert(sizeof((({native} *)0)->{name}) {comparison} {SizeOf(field.FieldType)}, "size of {type.Name}.{field.Name}");""");
            }
        }

        await CHeaders.AssertAsync(assertions);
    }

    [Fact]
    public async Task What_is_not_declared_as_a_struct_agrees_too()
        => await CHeaders.AssertAsync(
        [
            $"""_Static_assert(sizeof(struct epoll_event) == {EventSize(null)}, "size of epoll_event");""",
            $"""_Static_assert(offsetof(struct epoll_event, data) == {EventDataOffset(null)}, "offset of epoll_event.data");""",
            """_Static_assert(sizeof(struct timespec) == 16 && offsetof(struct timespec, tv_nsec) == 8, "timespec is two longs");""",
            $"""_Static_assert(sizeof(struct in6_addr) == {Unsafe.SizeOf<Libc.IPv6Bytes>()}, "size of in6_addr");""",
            $"""_Static_assert(NGTCP2_STATELESS_RESET_TOKENLEN == {Unsafe.SizeOf<Native.ResetToken>()}, "size of a stateless reset token");""",
            $"""_Static_assert(NGTCP2_MAX_CIDLEN == {Unsafe.SizeOf<Native.CidBytes>()}, "size of a connection ID");""",
            """_Static_assert(sizeof(ngtcp2_encryption_level) == sizeof(int) && sizeof(ngtcp2_path_validation_result) == sizeof(int), "enums are ints");""",
            """_Static_assert(sizeof(gnutls_server_name_type_t) == sizeof(int) && sizeof(gnutls_x509_crt_fmt_t) == sizeof(int), "enums are ints");""",
            """_Static_assert(sizeof(gnutls_credentials_type_t) == sizeof(int), "enums are ints");""",
            """_Static_assert(sizeof(socklen_t) == 4 && sizeof(ngtcp2_ssize) == sizeof(void *) && sizeof(ngtcp2_tstamp) == 8, "scalars");""",
        ]);

    internal static IEnumerable<Type> InteropTypes()
        => new[] { typeof(Native), typeof(Gnutls), typeof(Libc) }.SelectMany(t => t.GetNestedTypes(BindingFlags.Public | BindingFlags.NonPublic));

    [UnsafeAccessor(UnsafeAccessorKind.StaticMethod, Name = "get_EventSize")]
    private static extern int EventSize(EventLoop? type);

    [UnsafeAccessor(UnsafeAccessorKind.StaticMethod, Name = "get_EventDataOffset")]
    private static extern int EventDataOffset(EventLoop? type);

    // Marshal tells the layout after marshalling; these structs are passed as they are.
    private static int SizeOf(Type type)
    {
        if (type.IsPointer || type.IsFunctionPointer)
        {
            return IntPtr.Size;
        }

        var method = new DynamicMethod("SizeOf", typeof(int), null, typeof(StructLayoutTests), skipVisibility: true);
        var il = method.GetILGenerator();
        il.Emit(OpCodes.Sizeof, type);
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Func<int>>()();
    }

    private static int OffsetOf(Type type, FieldInfo field)
    {
        var method = new DynamicMethod("OffsetOf", typeof(int), null, typeof(StructLayoutTests), skipVisibility: true);
        var il = method.GetILGenerator();
        var instance = il.DeclareLocal(type);
        il.Emit(OpCodes.Ldloca, instance);
        il.Emit(OpCodes.Ldflda, field);
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Ldloca, instance);
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Sub);
        il.Emit(OpCodes.Conv_I4);
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Func<int>>()();
    }
}
