using System.Buffers;

namespace QuicChat.Quic.Simulation;

/// <summary>A datagram that waits on a link, in a rented buffer that it returns when it has left.</summary>
internal sealed class DelayedDatagram
{
    private readonly byte[] _buffer;

    public DelayedDatagram(SimulatedLink link, long number, ReadOnlySpan<byte> datagram, SimulatedPath? path)
    {
        Link = link;
        Number = number;
        Path = path;
        Length = datagram.Length;
        _buffer = ArrayPool<byte>.Shared.Rent(datagram.Length);
        datagram.CopyTo(_buffer);
    }

    /// <summary>The link that it waits on.</summary>
    public SimulatedLink Link { get; }

    /// <summary>Its place among the link's datagrams as they came in.</summary>
    public long Number { get; }

    /// <summary>The path that it came by, on its way to the client.</summary>
    public SimulatedPath? Path { get; }

    /// <summary>Its length in bytes.</summary>
    public int Length { get; }

    /// <summary>The bytes; not after <see cref="Finish"/>.</summary>
    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, Length);

    /// <summary>How many later datagrams have overtaken it.</summary>
    public int Overtakers { get; set; }

    /// <summary>Whether it has left. The delay line may still name it once more.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>Returns the buffer.</summary>
    public void Finish()
    {
        IsFinished = true;
        ArrayPool<byte>.Shared.Return(_buffer);
    }
}
