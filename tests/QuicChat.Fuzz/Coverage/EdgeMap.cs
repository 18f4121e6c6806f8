using System.Reflection;
using System.Runtime.InteropServices;

namespace QuicChat.Fuzz.Coverage;

/// <summary>Which branches the instrumented code took, and how often: one counter a pair of places, as AFL has them.</summary>
internal sealed class EdgeMap
{
    private const int Size = 1 << 16;

    // Never freed: instrumented code on other threads may write to it to the end of the process.
    private readonly nint _memory = Marshal.AllocHGlobal(Size);
    private readonly byte[] _taken = new byte[Size];

    // Per edge one bit a class of counts.
    private readonly byte[] _seen = new byte[Size];

    // By reflection, since an assembly that names this type counts as instrumented already.
    private readonly FieldInfo _previous;

    public EdgeMap()
    {
        var trace = Assembly.Load("SharpFuzz.Common").GetType("SharpFuzz.Common.Trace", throwOnError: true)!;
        _previous = trace.GetField("PrevLocation")!;
        Clear();
        unsafe
        {
            trace.GetField("SharedMem")!.SetValue(null, Pointer.Box((void*)_memory, typeof(byte*)));
        }
    }

    /// <summary>Edges that were ever taken.</summary>
    public int Edges { get; private set; }

    public void Clear()
    {
        Array.Clear(_taken);
        Marshal.Copy(_taken, 0, _memory, Size);
        _previous.SetValue(null, 0);
    }

    /// <summary>Adds what was taken since the last <see cref="Clear"/>.</summary>
    /// <returns>Whether there was anything that never was before.</returns>
    public bool Add()
    {
        Marshal.Copy(_memory, _taken, 0, Size);
        var isNew = false;
        for (var at = _taken.AsSpan().IndexOfAnyExcept((byte)0); at >= 0 && at < Size;)
        {
            var bit = ClassOf(_taken[at]);
            if ((_seen[at] & bit) == 0)
            {
                Edges += _seen[at] == 0 ? 1 : 0;
                _seen[at] |= bit;
                isNew = true;
            }

            var next = _taken.AsSpan(at + 1).IndexOfAnyExcept((byte)0);
            at = next < 0 ? -1 : at + 1 + next;
        }

        return isNew;
    }

    // Once, twice, three times, up to 7, 15, 31, 127, and more.
    private static byte ClassOf(byte count) => count switch
    {
        1 => 1,
        2 => 2,
        3 => 4,
        < 8 => 8,
        < 16 => 16,
        < 32 => 32,
        < 128 => 64,
        _ => 128,
    };
}
