namespace QuicChat.Fuzz.Coverage;

/// <summary>Makes an input of others.</summary>
internal sealed class Mutator(Random random)
{
    private const int MaxLength = 4096;
    private static readonly byte[] Interesting = [0, 1, 2, 3, 4, 7, 8, 0x10, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xfe, 0xff];

    /// <summary>An input that is like one of <paramref name="corpus"/>, or several.</summary>
    public byte[] Next(IReadOnlyList<byte[]> corpus)
    {
        // New ones are more promising.
        var index = random.Next(4) == 0 ? corpus.Count - 1 - random.Next(Math.Min(corpus.Count, 16)) : random.Next(corpus.Count);
        var bytes = new List<byte>(corpus[index]);
        for (var count = 1 << random.Next(5); count > 0; count--)
        {
            Mutate(bytes, corpus);
        }

        return bytes.Count > MaxLength ? [.. bytes[..MaxLength]] : [.. bytes];
    }

    private void Mutate(List<byte> bytes, IReadOnlyList<byte[]> corpus)
    {
        if (bytes.Count == 0)
        {
            bytes.AddRange(Random(1 + random.Next(16)));
            return;
        }

        var at = random.Next(bytes.Count);
        switch (random.Next(9))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                bytes[at] = Interesting[random.Next(Interesting.Length)];
                break;
            case 3:
                bytes[at] += (byte)random.Next(-16, 17);
                break;
            case 4:
                bytes.InsertRange(at, Random(1 + random.Next(8)));
                break;
            case 5:
                bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + random.Next(16)));
                break;
            case 6:
                bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, Math.Min(bytes.Count - at, 1 + random.Next(32))));
                break;
            case 7:
                bytes.Add((byte)random.Next(256));
                break;
            default:
                var other = corpus[random.Next(corpus.Count)];
                if (other.Length > 0)
                {
                    var from = random.Next(other.Length);
                    bytes.InsertRange(at, other[from..Math.Min(other.Length, from + 1 + random.Next(64))]);
                }

                break;
        }
    }

    private byte[] Random(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
