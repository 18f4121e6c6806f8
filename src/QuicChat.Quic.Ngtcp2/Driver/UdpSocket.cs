using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Interop;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>
/// A UDP socket for both address families that says which local address each datagram was sent to, and answers from there. Where the
/// system has no IPv6, it is an IPv4 socket.
/// </summary>
internal sealed unsafe partial class UdpSocket : IDisposable
{
    // Room for the bursts of many clients; the kernel may give less (net.core.rmem_max).
    private const int BufferSize = 4 * 1024 * 1024;

    // The lower two bits of the traffic class (RFC 3168, section 5).
    private const int EcnMask = 3;

    private readonly bool _isIPv6;
    private readonly bool _namesSource;
    private readonly UdpAddress _assumedLocal;

    private UdpSocket(int descriptor, bool isIPv6, bool namesSource, UdpAddress assumedLocal)
    {
        Descriptor = descriptor;

        // An older one would take a batch for one large datagram.
        SendsBatches = TrySet(descriptor, Libc.SolUdp, Libc.UdpSegment, 0);
        _isIPv6 = isIPv6;
        _namesSource = namesSource;
        _assumedLocal = assumedLocal;
        var local = ReadLocalAddress();
        LocalPort = local.Port;
        if (_assumedLocal.Port == 0)
        {
            _assumedLocal = _assumedLocal.WithPort(LocalPort);
        }
    }

    public int Descriptor { get; }

    public ushort LocalPort { get; }

    /// <summary>The address of this end, of a socket that serves a client.</summary>
    public UdpAddress AssumedLocal => _assumedLocal;

    /// <summary>Who takes the socket's datagrams.</summary>
    public IDatagramHandler? Handler { get; set; }

    /// <summary>Connections that wait for the socket to take datagrams again.</summary>
    public HashSet<ConnectionDriver> Blocked { get; } = [];

    /// <summary>A server's socket.</summary>
    /// <exception cref="AddressInUseException">The port is taken.</exception>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public static UdpSocket Listen(IPEndPoint endPoint)
    {
        var address = UdpAddress.From(endPoint);
        try
        {
            return Open(address, namesSource: true, address);
        }
        catch (SocketException e)
        {
            throw ListenFailure.Explain(endPoint, e);
        }
    }

    /// <summary>A client's socket. Unless told otherwise it is bound to no address, so that it goes on through whatever network the system has.</summary>
    /// <exception cref="SocketException">The system has no way to <paramref name="remote"/>, or <paramref name="local"/> cannot be bound.</exception>
    public static UdpSocket Connect(IPEndPoint remote, IPEndPoint? local)
    {
        remote = UdpAddress.From(remote).ToEndPoint();
        // What the system would send from; ngtcp2 wants to know the address of its end.
        using var probe = new Socket(remote.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        if (local is not null)
        {
            BindProbe(probe, local.Address);
        }

        probe.Connect(remote);
        var source = UdpAddress.From((IPEndPoint)probe.LocalEndPoint!).WithPort((ushort)(local?.Port ?? 0));
        var any = new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        return Open(UdpAddress.From(local ?? any), namesSource: false, source);
    }

    private static void BindProbe(Socket probe, IPAddress local)
    {
        try
        {
            probe.Bind(new IPEndPoint(local, 0));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            throw new SocketException((int)e.SocketErrorCode, $"{local} is not an address of this machine.");
        }
    }

    /// <summary>Receives what is there, up to a batch.</summary>
    /// <returns>How many messages; below <see cref="ReceiveBatch.Count"/> the socket is empty.</returns>
    public int Receive(ReceiveBatch batch)
    {
        batch.Prepare();
        int count;
        do
        {
            count = Libc.ReceiveMessages(Descriptor, batch.Messages, ReceiveBatch.Count, Libc.MsgDontWait, null);
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == Libc.EIntr);

        // Besides "nothing there", errors are old ICMP answers to datagrams sent: nothing to act on, the next read goes on.
        return Math.Max(count, 0);
    }

    /// <summary>Whether a message is whole and of datagrams that are not too large; the path that they came on, and what they say of congestion there.</summary>
    /// <param name="batch">What was received.</param>
    /// <param name="index">The message.</param>
    /// <param name="path">The path of all of its datagrams.</param>
    /// <param name="ecn">Their mark.</param>
    /// <param name="size">The size of each datagram but the last, which may be smaller.</param>
    public bool TryGetPath(ReceiveBatch batch, int index, out FourTuple path, out Ecn ecn, out int size)
    {
        ref var header = ref batch.Messages[index].Header;
        var remote = UdpAddress.From(batch.Name(index));
        size = (int)batch.Messages[index].Length;
        var destination = ReadControl(header, out ecn, ref size);
        path = new FourTuple(_namesSource ? destination ?? _assumedLocal : _assumedLocal, remote);
        return (header.Flags & Libc.MsgTrunc) == 0 && size <= ConnectionCore.MaxDatagramSize;
    }

    public void Dispose() => _ = Libc.Close(Descriptor);

    private static UdpSocket Open(UdpAddress bind, bool namesSource, UdpAddress assumedLocal)
    {
        var isIPv6 = true;
        var descriptor = Libc.Socket(Libc.AfInet6, Libc.SockDgram | Libc.SockCloseOnExec | Libc.SockNonBlock, 0);
        if (descriptor < 0 && Marshal.GetLastPInvokeError() == Libc.EAddressFamilyNotSupported)
        {
            isIPv6 = false;
            bind = bind is { IsIPv6: true, IsUnspecified: true } ? UdpAddress.FromIPv4(0, bind.Port) : bind;
            descriptor = Libc.Socket(Libc.AfInet, Libc.SockDgram | Libc.SockCloseOnExec | Libc.SockNonBlock, 0);
        }

        if (descriptor < 0)
        {
            throw Failure();
        }

        try
        {
            Configure(descriptor, isIPv6, namesSource);
            var native = isIPv6 ? bind.ToNativeIPv6() : bind.ToNative();

            // [::] takes both families; 0.0.0.0 mapped into IPv6 takes IPv4 alone, as asked.
            if (Libc.Bind(descriptor, &native, isIPv6 ? (uint)sizeof(Libc.SockAddr) : (uint)sizeof(Libc.SockAddrIn)) != 0)
            {
                throw Failure();
            }

            return new UdpSocket(descriptor, isIPv6, namesSource, assumedLocal);
        }
        catch
        {
            _ = Libc.Close(descriptor);
            throw;
        }
    }

    private static void Configure(int descriptor, bool isIPv6, bool namesSource)
    {
        Set(descriptor, Libc.SolSocket, Libc.SoRcvBuf, BufferSize);
        Set(descriptor, Libc.SolSocket, Libc.SoSndBuf, BufferSize);

        // Never fragment, and do not let ICMP lower what a QUIC endpoint finds out by its own probes (RFC 9000, section 14).
        Set(descriptor, Libc.SolIp, Libc.IpMtuDiscover, Libc.PmtuDiscoverProbe);
        if (isIPv6)
        {
            Set(descriptor, Libc.SolIpv6, Libc.Ipv6V6Only, 0);
            Set(descriptor, Libc.SolIpv6, Libc.Ipv6MtuDiscover, Libc.PmtuDiscoverProbe);
        }

        if (namesSource)
        {
            // On a dual-stack socket this tells IPv4 destinations too, mapped.
            Set(descriptor, isIPv6 ? Libc.SolIpv6 : Libc.SolIp, isIPv6 ? Libc.Ipv6RecvPktInfo : Libc.IpPktInfo, 1);
        }

        // Where the system does not offer it, each datagram comes by itself.
        _ = TrySet(descriptor, Libc.SolUdp, Libc.UdpGro, 1);

        // Where the system does not offer it, all datagrams seem to be without ECN, which is allowed (RFC 9000, section 13.4.1).
        _ = TrySet(descriptor, Libc.SolIp, Libc.IpRecvTos, 1);
        if (isIPv6)
        {
            _ = TrySet(descriptor, Libc.SolIpv6, Libc.Ipv6RecvTrafficClass, 1);
        }
    }

    private static void Set(int descriptor, int level, int name, int value)
    {
        if (!TrySet(descriptor, level, name, value))
        {
            throw Failure();
        }
    }

    private static bool TrySet(int descriptor, int level, int name, int value)
        => Libc.SetSocketOption(descriptor, level, name, &value, sizeof(int)) == 0;

    private static SocketException Failure()
    {
        var errno = Marshal.GetLastPInvokeError();
        var error = errno switch
        {
            Libc.EAddressInUse => SocketError.AddressAlreadyInUse,
            Libc.EAddressNotAvailable => SocketError.AddressNotAvailable,
            Libc.EAccess => SocketError.AccessDenied,
            _ => SocketError.SocketError,
        };
        return new SocketException((int)error, new Win32Exception(errno).Message);
    }

    private UdpAddress ReadLocalAddress()
    {
        Libc.SockAddr native;
        var length = (uint)sizeof(Libc.SockAddr);
        return Libc.GetSocketName(Descriptor, &native, &length) == 0 ? UdpAddress.From(native) : throw Failure();
    }

    private UdpAddress? ReadControl(in Libc.MessageHeader header, out Ecn ecn, ref int size)
    {
        ecn = Ecn.NotCapable;
        UdpAddress? destination = null;
        var position = (byte*)header.Control;
        var end = position + header.ControlLength;
        while (position + sizeof(Libc.ControlHeader) <= end)
        {
            var control = (Libc.ControlHeader*)position;
            var data = position + sizeof(Libc.ControlHeader);
            switch (control->Level, control->Type)
            {
                case (Libc.SolIpv6, Libc.Ipv6PktInfo):
                    var info = (Libc.Ipv6PacketInfo*)data;
                    var address = UdpAddress.FromIPv6(info->Address, LocalPort, 0);
                    destination = address.IsLinkLocal ? UdpAddress.FromIPv6(info->Address, LocalPort, info->InterfaceIndex) : address;
                    break;
                case (Libc.SolIp, Libc.IpPktInfo):
                    destination = UdpAddress.FromIPv4(((Libc.IpPacketInfo*)data)->Destination, LocalPort);
                    break;
                case (Libc.SolIp, Libc.IpTos):
                    ecn = (Ecn)(*data & EcnMask);
                    break;
                case (Libc.SolIpv6, Libc.Ipv6TrafficClass):
                    ecn = (Ecn)(*(int*)data & EcnMask);
                    break;
                case (Libc.SolUdp, Libc.UdpGro):
                    size = *(int*)data;
                    break;
            }

            if (control->Length < (nuint)sizeof(Libc.ControlHeader))
            {
                break;
            }

            position += (control->Length + 7) & ~(nuint)7;
        }

        return destination;
    }
}
