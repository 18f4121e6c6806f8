namespace QuicChat.Quic.Simulation;

/// <summary>
/// A small random sequence that can be skipped forward and split by number. <see cref="Random"/> can do neither, and does not promise the same
/// sequence across versions of .NET, which a seed in a bug report needs.
/// </summary>
internal struct SplitMix64(ulong seed)
{
    private const ulong Step = 0x9e3779b97f4a7c15;

    private ulong _state = seed;

    /// <summary>The independent sequence number <paramref name="index"/> of a seed.</summary>
    public static SplitMix64 Split(ulong seed, ulong index) => new(Mix(Mix(seed) + (index * Step)));

    /// <summary>The next number, at least 0 and below 1.</summary>
    public double NextUnit() => (Mix(_state += Step) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Leaves out <paramref name="count"/> numbers.</summary>
    public void Skip(uint count) => _state += count * Step;

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
}
