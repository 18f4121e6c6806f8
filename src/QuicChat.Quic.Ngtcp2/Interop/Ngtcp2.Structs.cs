using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace QuicChat.Quic.Ngtcp2.Interop;

// The structs of ngtcp2.h that cross the boundary, 64-bit layout. A test compiles C assertions of each size and offset against the installed
// headers, so a struct must be listed there too.
internal static unsafe partial class Ngtcp2
{
    public const int MaxCidLength = 20;

    [StructLayout(LayoutKind.Sequential)]
    public struct Cid
    {
        public nuint DataLength;
        public CidBytes Data;

        public static Cid From(ReadOnlySpan<byte> bytes)
        {
            Cid cid = default;
            cid.DataLength = (nuint)bytes.Length;
            bytes.CopyTo(cid.Data);
            return cid;
        }

        [System.Diagnostics.CodeAnalysis.UnscopedRef]
        public readonly ReadOnlySpan<byte> Bytes => ((ReadOnlySpan<byte>)Data)[..(int)DataLength];
    }

    [InlineArray(MaxCidLength)]
    public struct CidBytes
    {
        private byte _first;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Vec
    {
        public byte* Base;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct PacketHeader
    {
        public Cid Dcid;
        public Cid Scid;
        public long PacketNumber;
        public byte* Token;
        public nuint TokenLength;
        public nuint PacketNumberLength;
        public nuint Length;
        public uint Version;
        public byte Type;
        public byte Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct VersionCid
    {
        public uint Version;
        public byte* Dcid;
        public nuint DcidLength;
        public byte* Scid;
        public nuint ScidLength;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Address
    {
        public void* SockAddr;
        public uint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Path
    {
        public Address Local;
        public Address Remote;
        public void* UserData;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct PathStorage
    {
        public Path Path;
        public Libc.SockAddr LocalBuffer;
        public Libc.SockAddr RemoteBuffer;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct PacketInfo
    {
        public ulong Ecn; // a byte, the struct aligned to 8
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Settings
    {
        public void* QlogWrite;
        public int CongestionControl;
        public ulong InitialTimestamp;
        public ulong InitialRtt;
        public void* LogPrintf;
        public nuint MaxTxUdpPayloadSize;
        public byte* Token;
        public nuint TokenLength;
        public int TokenType;
        public void* RandContext;
        public ulong MaxWindow;
        public ulong MaxStreamWindow;
        public nuint AckThreshold;
        public byte NoTxUdpPayloadSizeShaping;
        public ulong HandshakeTimeout;
        public uint* PreferredVersions;
        public nuint PreferredVersionsLength;
        public uint* AvailableVersions;
        public nuint AvailableVersionsLength;
        public uint OriginalVersion;
        public byte NoPmtud;
        public uint InitialPacketNumber;
        public ushort* PmtudProbes;
        public nuint PmtudProbesLength;
    }

    [InlineArray(16)]
    public struct ResetToken
    {
        private byte _first;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct PreferredAddress
    {
        public Cid Cid;
        public Libc.SockAddrIn IPv4;
        public Libc.SockAddr IPv6;
        public byte IPv4Present;
        public byte IPv6Present;
        public ResetToken StatelessResetToken;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct VersionInfo
    {
        public uint ChosenVersion;
        public byte* AvailableVersions;
        public nuint AvailableVersionsLength;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct TransportParameters
    {
        public PreferredAddress PreferredAddress;
        public Cid OriginalDcid;
        public Cid InitialScid;
        public Cid RetryScid;
        public ulong InitialMaxStreamDataBidiLocal;
        public ulong InitialMaxStreamDataBidiRemote;
        public ulong InitialMaxStreamDataUni;
        public ulong InitialMaxData;
        public ulong InitialMaxStreamsBidi;
        public ulong InitialMaxStreamsUni;
        public ulong MaxIdleTimeout;
        public ulong MaxUdpPayloadSize;
        public ulong ActiveConnectionIdLimit;
        public ulong AckDelayExponent;
        public ulong MaxAckDelay;
        public ulong MaxDatagramFrameSize;
        public byte StatelessResetTokenPresent;
        public byte DisableActiveMigration;
        public byte OriginalDcidPresent;
        public byte InitialScidPresent;
        public byte RetryScidPresent;
        public byte PreferredAddressPresent;
        public ResetToken StatelessResetToken;
        public byte GreaseQuicBit;
        public VersionInfo VersionInfo;
        public byte VersionInfoPresent;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct CloseError
    {
        public int Type;
        public ulong ErrorCode;
        public ulong FrameType;
        public byte* Reason;
        public nuint ReasonLength;
    }

    // ngtcp2_info: what ngtcp2_version answers.
    [StructLayout(LayoutKind.Sequential)]
    public struct Info
    {
        public int Age;
        public int VersionNumber;
        public byte* VersionText;
    }

    // ngtcp2_crypto_conn_ref, whose user_data is the ngtcp2_conn; ours goes on after it.
    [StructLayout(LayoutKind.Sequential)]
    public struct ConnectionReference
    {
        public delegate* unmanaged[Cdecl]<ConnectionReference*, nint> GetConnection;
        public nint Connection;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Callbacks
    {
        public void* ClientInitial;
        public void* ReceiveClientInitial;
        public delegate* unmanaged[Cdecl]<nint, int, ulong, byte*, nuint, void*, int> ReceiveCryptoData;
        public delegate* unmanaged[Cdecl]<nint, void*, int> HandshakeCompleted;
        public void* ReceiveVersionNegotiation;
        public void* Encrypt;
        public void* Decrypt;
        public void* HeaderProtectionMask;
        public delegate* unmanaged[Cdecl]<nint, uint, long, ulong, byte*, nuint, void*, void*, int> ReceiveStreamData;
        public delegate* unmanaged[Cdecl]<nint, long, ulong, ulong, void*, void*, int> AckedStreamDataOffset;
        public delegate* unmanaged[Cdecl]<nint, long, void*, int> StreamOpen;
        public delegate* unmanaged[Cdecl]<nint, uint, long, ulong, void*, void*, int> StreamClose;
        public delegate* unmanaged[Cdecl]<nint, void*, void*, int> ReceiveStatelessReset;
        public void* ReceiveRetry;
        public delegate* unmanaged[Cdecl]<nint, ulong, void*, int> ExtendMaxLocalStreamsBidi;
        public delegate* unmanaged[Cdecl]<nint, ulong, void*, int> ExtendMaxLocalStreamsUni;
        public delegate* unmanaged[Cdecl]<byte*, nuint, void*, void> Rand;
        public delegate* unmanaged[Cdecl]<nint, Cid*, byte*, nuint, void*, int> GetNewConnectionId;
        public delegate* unmanaged[Cdecl]<nint, Cid*, void*, int> RemoveConnectionId;
        public void* UpdateKey;
        public delegate* unmanaged[Cdecl]<nint, uint, Path*, Path*, int, void*, int> PathValidation;
        public void* SelectPreferredAddress;
        public delegate* unmanaged[Cdecl]<nint, long, ulong, ulong, void*, void*, int> StreamReset;
        public void* ExtendMaxRemoteStreamsBidi;
        public void* ExtendMaxRemoteStreamsUni;
        public void* ExtendMaxStreamData;
        public void* DcidStatus;
        public void* HandshakeConfirmed;
        public delegate* unmanaged[Cdecl]<nint, byte*, nuint, void*, int> ReceiveNewToken;
        public void* DeleteCryptoAeadContext;
        public void* DeleteCryptoCipherContext;
        public void* ReceiveDatagram;
        public void* AckDatagram;
        public void* LostDatagram;
        public delegate* unmanaged[Cdecl]<nint, byte*, void*, int> GetPathChallengeData;
        public void* StreamStopSending; // tells of a STOP_SENDING that is sent, not of one received
        public void* VersionNegotiation;
        public void* ReceiveRxKey;
        public delegate* unmanaged[Cdecl]<nint, int, void*, int> ReceiveTxKey;
        public void* TlsEarlyDataRejected;
    }
}
