using QuicChat.Quic.Ngtcp2.Core;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>Datagrams that go out together: of one path and mark, and of one size but for the last, which may be smaller.</summary>
/// <param name="buffer">Where they are written, one after the other.</param>
internal ref struct SendBatch(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;
    private int _start;
    private int _end;
    private bool _isEnded;

    /// <summary>Where the next datagram is to be written; empty where the batch has to go first.</summary>
    public readonly Span<byte> Room => _buffer.Length - _end < Interop.Ngtcp2.MaxPmtudUdpPayloadSize ? default : _buffer.Slice(_end, Interop.Ngtcp2.MaxPmtudUdpPayloadSize);

    /// <summary>What is to be sent.</summary>
    public readonly ReadOnlySpan<byte> Datagrams => _buffer[_start.._end];

    /// <summary>The size of each.</summary>
    public int Size { get; private set; }

    /// <summary>Where they go.</summary>
    public FourTuple Path { get; private set; }

    /// <summary>What they are sent with.</summary>
    public Ecn Ecn { get; private set; }

    /// <summary>Adds the datagram that was written into <see cref="Room"/>.</summary>
    /// <returns>Whether it belongs to the others; if not, they go first, and it is the first of the next.</returns>
    public bool TryAdd(int length, in FourTuple path, Ecn ecn)
    {
        if (_start == _end)
        {
            (Size, Path, Ecn) = (length, path, ecn);
        }
        else if (_isEnded || length > Size || ecn != Ecn || path != Path)
        {
            return false;
        }

        _end += length;
        _isEnded = length < Size;
        return true;
    }

    /// <summary>Begins anew.</summary>
    /// <param name="keepsNext">Whether a datagram has been written into <see cref="Room"/>, and is added next.</param>
    public void Clear(bool keepsNext)
    {
        _start = keepsNext ? _end : 0;
        _end = _start;
        _isEnded = false;
    }
}
