namespace QuicChat.Fuzz;

/// <summary>Reads choices from an input. Beyond its end all are 0, so that a shorter input is a simpler one.</summary>
internal ref struct FuzzInput(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool IsEmpty => _rest.IsEmpty;

    public byte Byte()
    {
        if (_rest.IsEmpty)
        {
            return 0;
        }

        var value = _rest[0];
        _rest = _rest[1..];
        return value;
    }

    /// <summary>A number below <paramref name="end"/>.</summary>
    public int Below(int end) => end <= 256 ? Byte() % end : ((Byte() << 8) | Byte()) % end;

    /// <summary>Up to <paramref name="length"/> bytes.</summary>
    public ReadOnlySpan<byte> Bytes(int length)
    {
        var taken = _rest[..Math.Min(length, _rest.Length)];
        _rest = _rest[taken.Length..];
        return taken;
    }

    /// <summary>All that is left.</summary>
    public ReadOnlySpan<byte> Rest() => Bytes(_rest.Length);

    /// <summary>Alters bytes as the input says: each edit changes, inserts, removes or repeats some.</summary>
    public byte[] Edit(ReadOnlySpan<byte> original)
    {
        var bytes = new List<byte>(original.ToArray());
        while (!IsEmpty)
        {
            var at = bytes.Count == 0 ? 0 : Below(Math.Max(bytes.Count, 257)) % bytes.Count;
            switch (Byte() % 5)
            {
                case 0 when bytes.Count > 0:
                    bytes[at] ^= Byte();
                    break;
                case 1:
                    bytes.InsertRange(at, Bytes(1 + (Byte() % 8)).ToArray());
                    break;
                case 2 when bytes.Count > 0:
                    bytes.RemoveRange(at, Math.Min(1 + (Byte() % 16), bytes.Count - at));
                    break;
                case 3 when bytes.Count > 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 4 when bytes.Count is > 0 and < 4096:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(1 + Byte(), bytes.Count - at)));
                    break;
            }
        }

        return [.. bytes];
    }
}
