using System.Net;
using System.Security.Cryptography;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Driver;
using QuicChat.Quic.Routing;

namespace QuicChat.Fuzz.Targets;

/// <summary>Frames between servers of a pool: one opens as it was written, and none that was altered or made up opens.</summary>
internal sealed class LinkFrameTarget : IFuzzTarget
{
    private readonly AesGcm _seal = LinkFrame.CreateSeal(new PoolSecret(0, Enumerable.Range(0, PoolSecret.MinLength).Select(i => (byte)i).ToArray()));
    private readonly byte[] _buffer = new byte[ConnectionCore.MaxDatagramSize + LinkFrame.Overhead];
    private readonly byte[] _nonce = new byte[LinkFrame.NonceLength];

    public IEnumerable<byte[]> Seeds => [[0, 1, .. new byte[80]], [1, 20, 1, 5, 0, 3, 0, 1], [2, 200, 0, 30, 0, 0xff]];

    public void Run(ReadOnlySpan<byte> input)
    {
        var choices = new FuzzInput(input);
        var choice = choices.Byte();
        if (choice % 3 == 0)
        {
            var made = choices.Rest();
            FindingException.ThrowUnless(!Opens(made[..Math.Min(made.Length, _buffer.Length)], out _, out _), "A frame that was made up opens.");
            return;
        }

        var header = new LinkFrame.Header(choice % 3 == 1 ? LinkFrame.ToOwner : LinkFrame.ToIngress, choices.Byte(), choices.Byte());
        var datagram = new byte[1 + choices.Below(ConnectionCore.MaxDatagramSize)];
        datagram.AsSpan().Fill(choices.Byte());
        var address = new byte[(choices.Byte() & 1) == 0 ? 4 : 16];
        choices.Bytes(address.Length).CopyTo(address);
        var path = new FourTuple(
            UdpAddress.From(new IPEndPoint(IPAddress.Loopback, choices.Byte())), UdpAddress.From(new IPEndPoint(new IPAddress(address), choices.Byte())));
        var frame = new byte[datagram.Length + LinkFrame.Overhead];
        FindingException.ThrowUnless(LinkFrame.Write(frame, header, _nonce, path, datagram, _seal) == frame.Length, "The overhead is another one.");
        FindingException.ThrowUnless(
            Opens(frame, out var readPath, out var read) && readPath == path && read.SequenceEqual(datagram)
                && LinkFrame.TryReadHeader(frame, out var readHeader) && readHeader == header,
            "A frame reads otherwise than it was written.");

        var edited = choices.Edit(frame);
        FindingException.ThrowUnless(
            edited.AsSpan().SequenceEqual(frame) || edited.Length > _buffer.Length || !Opens(edited, out _, out _), "A frame that was altered opens.");
    }

    public void Dispose() => _seal.Dispose();

    // As the link does.
    private bool Opens(ReadOnlySpan<byte> frame, out FourTuple path, out ReadOnlySpan<byte> datagram)
    {
        path = default;
        datagram = default;
        return LinkFrame.TryReadHeader(frame, out _) && LinkFrame.TryOpen(frame, _seal, _buffer, out path, out datagram);
    }
}
