using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace QuicChat.Quic.Ngtcp2.Interop;

/// <summary>The part of the Linux socket interface that System.Net.Sockets does not offer: packet information in both directions, in batches.</summary>
internal static unsafe partial class Libc
{
    public const int AfInet = 2;
    public const int AfInet6 = 10;
    public const int SockDgram = 2;
    public const int SockCloseOnExec = 0x80000;
    public const int SockNonBlock = 0x800;
    public const int SolSocket = 1;
    public const int SolIp = 0;
    public const int SolIpv6 = 41;
    public const int SolUdp = 17;
    public const int SoSndBuf = 7;
    public const int SoRcvBuf = 8;
    public const int IpTos = 1;
    public const int IpRecvTos = 13;
    public const int IpPktInfo = 8;
    public const int IpMtuDiscover = 10;
    public const int Ipv6MtuDiscover = 23;
    public const int Ipv6V6Only = 26;
    public const int Ipv6RecvPktInfo = 49;
    public const int Ipv6PktInfo = 50;
    public const int Ipv6RecvTrafficClass = 66;
    public const int Ipv6TrafficClass = 67;
    public const int PmtuDiscoverProbe = 3;
    public const int UdpSegment = 103;
    public const int UdpGro = 104;
    public const int MsgDontWait = 0x40;
    public const int MsgTrunc = 0x20;
    public const int EventFdNonBlockCloseOnExec = 0x80800;
    public const int EpollCloseOnExec = 0x80000;
    public const int EpollCtlAdd = 1;
    public const int EpollCtlDelete = 2;
    public const int EpollCtlModify = 3;
    public const uint EpollIn = 1;
    public const uint EpollOut = 4;

    public const int EIntr = 4;
    public const int EIo = 5;
    public const int EAgain = 11;
    public const int EInvalid = 22;
    public const int EAccess = 13;
    public const int EOperationNotSupported = 95;
    public const int EAddressInUse = 98;
    public const int EAddressNotAvailable = 99;
    public const int EAddressFamilyNotSupported = 97;

    /// <summary>sockaddr_in6, whose 28 bytes hold a sockaddr_in as well.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct SockAddr
    {
        public ushort Family;
        public ushort Port; // network byte order
        public uint FlowInfoOrIPv4;
        public IPv6Bytes IPv6;
        public uint ScopeId;
    }

    [InlineArray(16)]
    public struct IPv6Bytes
    {
        private byte _first;
    }

    /// <summary>sockaddr_in.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct SockAddrIn
    {
        public ushort Family;
        public ushort Port; // network byte order
        public uint IPv4;
        public ulong Zero;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct IoVector
    {
        public void* Base;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct MultipleMessageHeader
    {
        public MessageHeader Header;
        public uint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ControlHeader
    {
        public nuint Length;
        public int Level;
        public int Type;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Ipv6PacketInfo
    {
        public IPv6Bytes Address;
        public uint InterfaceIndex;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct IpPacketInfo
    {
        public int InterfaceIndex;
        public uint SpecificDestination;
        public uint Destination;
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(int descriptor, SockAddr* address, uint length);

    [LibraryImport("libc", EntryPoint = "getsockname", SetLastError = true)]
    public static partial int GetSocketName(int descriptor, SockAddr* address, uint* length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetSocketOption(int descriptor, int level, int name, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    public static partial int ReceiveMessages(int descriptor, MultipleMessageHeader* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    public static partial nint SendMessage(int descriptor, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int EpollControl(int epoll, int operation, int descriptor, void* ev);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(int epoll, void* events, int count, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "epoll_pwait2", SetLastError = true)]
    public static partial int EpollWait2(int epoll, void* events, int count, long* timeout, void* signalMask);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);
}
