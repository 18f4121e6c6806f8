using System.Buffers;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using QuicChat.Quic.Conformance.Tests.Support;

namespace QuicChat.Kestrel.Tests.Support;

/// <summary>What a server answers on a request's stream.</summary>
internal sealed class Http3Response(ConnectionContext stream) : IAsyncDisposable
{
    private const long Data = 0;
    private long _payload;
    private bool _isData;

    /// <summary>Reads the next bytes of the body.</summary>
    /// <returns>The bytes; none at the end.</returns>
    public async Task<byte[]> ReadAsync()
    {
        while (true)
        {
            var result = await stream.Transport.Input.ReadAsync().AsTask().Within("the next bytes of the response");
            var buffer = result.Buffer;
            if (_payload == 0 && TryReadHeader(ref buffer, out var type, out var length))
            {
                (_isData, _payload) = (type == Data, length);
            }

            var part = buffer.Slice(0, Math.Min(_payload, buffer.Length));
            var bytes = _isData ? part.ToArray() : [];
            _payload -= part.Length;
            stream.Transport.Input.AdvanceTo(part.End, _payload == 0 && bytes.Length == 0 && part.End.Equals(result.Buffer.Start) ? buffer.End : part.End);
            if (bytes.Length > 0 || (result.IsCompleted && part.End.Equals(buffer.End)))
            {
                return bytes;
            }
        }
    }

    public async Task<byte[]> ReadToEndAsync()
    {
        using var all = new MemoryStream();
        while (await ReadAsync() is { Length: > 0 } bytes)
        {
            all.Write(bytes);
        }

        return all.ToArray();
    }

    /// <summary>Gives the request up, as a browser does whose user goes elsewhere.</summary>
    public void Cancel()
    {
        const long RequestCancelled = 0x10c;
        var reason = new ConnectionAbortedException("the test cancels");
        stream.Features.Get<IStreamAbortFeature>()!.AbortRead(RequestCancelled, reason);
        stream.Features.Get<IStreamAbortFeature>()!.AbortWrite(RequestCancelled, reason);
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    private static bool TryReadHeader(ref ReadOnlySequence<byte> buffer, out long type, out long length)
    {
        var reader = new SequenceReader<byte>(buffer);
        length = 0;
        if (!TryReadInteger(ref reader, out type) || !TryReadInteger(ref reader, out length))
        {
            return false;
        }

        buffer = reader.UnreadSequence;
        return true;
    }

    // RFC 9000, section 16.
    private static bool TryReadInteger(ref SequenceReader<byte> reader, out long value)
    {
        value = 0;
        if (!reader.TryRead(out var first))
        {
            return false;
        }

        value = first & 0x3f;
        for (var more = (1 << (first >> 6)) - 1; more > 0; more--)
        {
            if (!reader.TryRead(out var next))
            {
                return false;
            }

            value = value << 8 | next;
        }

        return true;
    }
}
