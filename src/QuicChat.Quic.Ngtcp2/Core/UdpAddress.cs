using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using QuicChat.Quic.Ngtcp2.Interop;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>An address and port as a comparable value without allocation; IPv4-mapped IPv6 addresses are unmapped when it is made.</summary>
internal readonly record struct UdpAddress
{
    private const uint MappedPrefix = 0xffff;

    // The address in network byte order as a number; an IPv4 address fills the lowest 4 bytes.
    private readonly UInt128 _address;
    private readonly uint _scopeId;

    private UdpAddress(bool isIPv6, UInt128 address, ushort port, uint scopeId)
    {
        // ::ffff:a.b.c.d is the IPv4 address a.b.c.d (RFC 4291, section 2.5.5.2).
        IsIPv6 = isIPv6 && address >> 32 != MappedPrefix;
        _address = IsIPv6 ? address : (uint)address;
        Port = port;

        // The system tells a scope for link-local addresses alone; what else carries one would never compare equal.
        _scopeId = IsLinkLocal ? scopeId : 0;
    }

    public bool IsIPv6 { get; }

    public ushort Port { get; }

    /// <summary>The bytes of the native address: 28 for IPv6, 16 for IPv4.</summary>
    public uint NativeLength => IsIPv6 ? 28u : 16u;

    public UdpAddress WithPort(ushort port) => new(IsIPv6, _address, port, _scopeId);

    public static UdpAddress From(IPEndPoint endPoint)
    {
        var address = endPoint.Address;
        var isIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return isIPv6
            ? new UdpAddress(true, BinaryPrimitives.ReadUInt128BigEndian(bytes), (ushort)endPoint.Port, (uint)address.ScopeId)
            : new UdpAddress(false, BinaryPrimitives.ReadUInt32BigEndian(bytes[..length]), (ushort)endPoint.Port, 0);
    }

    public static UdpAddress From(in Libc.SockAddr native)
    {
        var port = BinaryPrimitives.ReverseEndianness(native.Port);
        return native.Family == Libc.AfInet6
            ? new UdpAddress(true, BinaryPrimitives.ReadUInt128BigEndian(native.IPv6), port, native.ScopeId)
            : new UdpAddress(false, BinaryPrimitives.ReverseEndianness(native.FlowInfoOrIPv4), port, 0);
    }

    public static UdpAddress FromIPv6(ReadOnlySpan<byte> address, ushort port, uint scopeId)
        => new(true, BinaryPrimitives.ReadUInt128BigEndian(address), port, scopeId);

    public static UdpAddress FromIPv4(uint networkOrder, ushort port)
        => new(false, BinaryPrimitives.ReverseEndianness(networkOrder), port, 0);

    /// <summary>Writes the 16 bytes of the address, an IPv4 address mapped, and the 2 of the port.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt128BigEndian(destination, IsIPv6 ? _address : (UInt128)MappedPrefix << 32 | _address);
        BinaryPrimitives.WriteUInt16BigEndian(destination[16..], Port);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static UdpAddress Read(ReadOnlySpan<byte> source)
        => new(true, BinaryPrimitives.ReadUInt128BigEndian(source), BinaryPrimitives.ReadUInt16BigEndian(source[16..]), 0);

    /// <summary>The native form in the address's own family: what ngtcp2 sees.</summary>
    public Libc.SockAddr ToNative()
    {
        Libc.SockAddr native = default;
        native.Port = BinaryPrimitives.ReverseEndianness(Port);
        if (IsIPv6)
        {
            native.Family = Libc.AfInet6;
            BinaryPrimitives.WriteUInt128BigEndian(native.IPv6, _address);
            native.ScopeId = _scopeId;
        }
        else
        {
            native.Family = Libc.AfInet;
            native.FlowInfoOrIPv4 = BinaryPrimitives.ReverseEndianness((uint)_address);
        }

        return native;
    }

    /// <summary>The native form for a dual-stack IPv6 socket: IPv4 addresses are mapped.</summary>
    public Libc.SockAddr ToNativeIPv6()
    {
        if (IsIPv6)
        {
            return ToNative();
        }

        Libc.SockAddr native = default;
        native.Family = Libc.AfInet6;
        native.Port = BinaryPrimitives.ReverseEndianness(Port);
        BinaryPrimitives.WriteUInt128BigEndian(native.IPv6, (UInt128)MappedPrefix << 32 | _address);
        return native;
    }

    // fe80::/10 (RFC 4291, section 2.5.6): reachable on one interface only.
    public bool IsLinkLocal => IsIPv6 && (uint)(_address >> 118) == 0x3fa;

    public bool IsUnspecified => _address == UInt128.Zero;

    public IPEndPoint ToEndPoint()
    {
        if (IsIPv6)
        {
            Span<byte> bytes = stackalloc byte[16];
            BinaryPrimitives.WriteUInt128BigEndian(bytes, _address);
            return new IPEndPoint(new IPAddress(bytes, _scopeId), Port);
        }

        return new IPEndPoint(new IPAddress(BinaryPrimitives.ReverseEndianness((uint)_address)), Port);
    }

    public override string ToString() => ToEndPoint().ToString();
}
