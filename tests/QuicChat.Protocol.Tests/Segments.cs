using System.Buffers;

namespace QuicChat.Protocol.Tests;

/// <summary>Bytes as a reader meets them: in pieces of any size.</summary>
internal static class Segments
{
    /// <summary>Cuts <paramref name="bytes"/> at random places; pieces may be empty.</summary>
    public static ReadOnlySequence<byte> Cut(ReadOnlyMemory<byte> bytes, Random random, int maxPieces = 8)
    {
        var cuts = Enumerable.Range(0, random.Next(maxPieces)).Select(_ => random.Next(bytes.Length + 1)).Append(bytes.Length).Order();
        Segment? first = null, last = null;
        var start = 0;
        foreach (var end in cuts)
        {
            last = new Segment(bytes[start..end], last);
            first ??= last;
            start = end;
        }

        return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
                previous.Next = this;
            }
        }
    }
}
