using System.Runtime.InteropServices;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Interop;

namespace QuicChat.Quic.Ngtcp2.Driver;

// Sending, several datagrams in one call where the system can (generic segmentation offload): most of what a datagram costs is its way through the system.
internal sealed unsafe partial class UdpSocket
{
    // Room for a source address, a traffic class and the size of segments.
    private const int ControlLength = 96;

    // What Linux takes at once (UDP_MAX_SEGMENTS, before 6.9), and what fits into a datagram with the longest headers that it may get.
    private const int MaxSegments = 64;
    private const int MaxBatchBytes = 65_535 - 48;

    // Until the system refuses a datagram for it.
    private bool _sendsEcn = true;

    /// <summary>Whether the system cuts batches into datagrams; until it refuses a batch of what it takes singly.</summary>
    public bool SendsBatches { get; private set; }

    /// <summary>Sends a datagram.</summary>
    /// <returns>Whether the system took it; if not, it takes the next when the socket is writable. What cannot be sent at all counts as lost on the way.</returns>
    public bool TrySend(ReadOnlySpan<byte> datagram, in FourTuple path, Ecn ecn = Ecn.NotCapable) => Send(datagram, path, ecn) != Libc.EAgain;

    /// <summary>Sends datagrams of one path, all of one size but for the last, which may be smaller.</summary>
    /// <param name="datagrams">One after the other.</param>
    /// <param name="size">The size of each, in bytes.</param>
    /// <param name="path">Where they go.</param>
    /// <param name="ecn">What they are sent with.</param>
    /// <returns>How many bytes the system took, of whole datagrams; if not all, it takes the next when the socket is writable.</returns>
    public int Send(ReadOnlySpan<byte> datagrams, int size, in FourTuple path, Ecn ecn)
    {
        var most = Math.Clamp(MaxBatchBytes / size, 1, MaxSegments) * size;
        var sent = 0;
        while (sent < datagrams.Length)
        {
            var batch = datagrams[sent..];
            batch = batch[..Math.Min(batch.Length, SendsBatches ? most : size)];
            var taken = batch.Length > size ? SendBatch(batch, size, path, ecn) : TrySend(batch, path, ecn) ? batch.Length : 0;
            sent += taken;
            if (taken < batch.Length)
            {
                break;
            }
        }

        return sent;
    }

    private int SendBatch(ReadOnlySpan<byte> batch, int size, in FourTuple path, Ecn ecn)
    {
        var error = SendMessage(batch, size, path, _sendsEcn ? ecn : Ecn.NotCapable);
        if (error is 0 or Libc.EAgain)
        {
            return error == 0 ? batch.Length : 0;
        }

        // It may be one of the datagrams, which is too large for its way, or the address, which anybody can choose; or the mark; or memory is short;
        // or the network's adapter cannot cut batches, for which these are the errors.
        var mayBeCutting = error is Libc.EIo or Libc.EInvalid or Libc.EOperationNotSupported;
        var sendsEcn = _sendsEcn;
        var isRefused = false;
        var sent = 0;
        while (sent < batch.Length)
        {
            var datagram = batch.Slice(sent, Math.Min(size, batch.Length - sent));
            error = Send(datagram, path, ecn);
            if (error == Libc.EAgain)
            {
                return sent;
            }

            isRefused |= error != 0;
            sent += datagram.Length;
        }

        SendsBatches &= !mayBeCutting || isRefused || _sendsEcn != sendsEcn;
        return sent;
    }

    // The system's error; 0, none.
    private int Send(ReadOnlySpan<byte> datagram, in FourTuple path, Ecn ecn)
    {
        var marked = ecn != Ecn.NotCapable && _sendsEcn;
        var error = SendMessage(datagram, datagram.Length, path, marked ? ecn : Ecn.NotCapable);
        if (error == Libc.EInvalid && marked)
        {
            error = SendMessage(datagram, datagram.Length, path, Ecn.NotCapable);

            // Only now is it known that the mark was what the system refused, and not the address.
            _sendsEcn = error != 0;
        }

        return error;
    }

    private int SendMessage(ReadOnlySpan<byte> data, int size, in FourTuple path, Ecn ecn)
    {
        var name = _isIPv6 ? path.Remote.ToNativeIPv6() : path.Remote.ToNative();
        var control = stackalloc byte[ControlLength];
        nuint length = 0;
        if (_namesSource && !path.Local.IsUnspecified)
        {
            length += WriteSource(control, path.Local);
        }

        if (ecn != Ecn.NotCapable)
        {
            length += WriteTrafficClass(control + length, path.Remote.IsIPv6, (int)ecn);
        }

        if (data.Length > size)
        {
            length += WriteSegmentSize(control + length, (ushort)size);
        }

        fixed (byte* bytes = data)
        {
            var vector = new Libc.IoVector { Base = bytes, Length = (nuint)data.Length };
            var header = new Libc.MessageHeader
            {
                Name = &name,
                NameLength = _isIPv6 ? (uint)sizeof(Libc.SockAddr) : (uint)sizeof(Libc.SockAddrIn),
                Vectors = &vector,
                VectorCount = 1,
                Control = length > 0 ? control : null,
                ControlLength = length,
            };
            int error;
            do
            {
                error = Libc.SendMessage(Descriptor, &header, Libc.MsgDontWait) < 0 ? Marshal.GetLastPInvokeError() : 0;
            }
            while (error == Libc.EIntr);

            return error;
        }
    }

    private static nuint WriteSource(byte* control, UdpAddress local)
    {
        var header = (Libc.ControlHeader*)control;
        var data = control + sizeof(Libc.ControlHeader);
        if (local.IsIPv6)
        {
            var native = local.ToNative();
            *(Libc.Ipv6PacketInfo*)data = new Libc.Ipv6PacketInfo { Address = native.IPv6, InterfaceIndex = native.ScopeId };
            return WriteHeader(header, Libc.SolIpv6, Libc.Ipv6PktInfo, sizeof(Libc.Ipv6PacketInfo));
        }

        *(Libc.IpPacketInfo*)data = new Libc.IpPacketInfo { SpecificDestination = local.ToNative().FlowInfoOrIPv4 };
        return WriteHeader(header, Libc.SolIp, Libc.IpPktInfo, sizeof(Libc.IpPacketInfo));
    }

    private static nuint WriteTrafficClass(byte* control, bool isIPv6, int value)
    {
        *(int*)(control + sizeof(Libc.ControlHeader)) = value;
        return WriteHeader(
            (Libc.ControlHeader*)control, isIPv6 ? Libc.SolIpv6 : Libc.SolIp, isIPv6 ? Libc.Ipv6TrafficClass : Libc.IpTos, sizeof(int));
    }

    private static nuint WriteSegmentSize(byte* control, ushort size)
    {
        *(ushort*)(control + sizeof(Libc.ControlHeader)) = size;
        return WriteHeader((Libc.ControlHeader*)control, Libc.SolUdp, Libc.UdpSegment, sizeof(ushort));
    }

    private static nuint WriteHeader(Libc.ControlHeader* header, int level, int type, int length)
    {
        header->Level = level;
        header->Type = type;
        header->Length = (nuint)(sizeof(Libc.ControlHeader) + length);
        return (header->Length + 7) & ~(nuint)7;
    }
}
