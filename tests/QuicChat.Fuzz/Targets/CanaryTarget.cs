using System.Runtime.CompilerServices;

namespace QuicChat.Fuzz.Targets;

/// <summary>Has faults that are known: what the tests of the fuzzer have it find. Chance alone finds none in a lifetime.</summary>
internal sealed class CanaryTarget : IFuzzTarget
{
    public const string Name = "canary";

    public void Run(ReadOnlySpan<byte> input)
    {
        if (Begins(input, 0, 'Q') && Begins(input, 1, 'U') && Begins(input, 2, 'I') && Begins(input, 3, 'C'))
        {
            if (Begins(input, 4, '!'))
            {
                throw new FindingException("The canary was reached.");
            }

            if (Begins(input, 4, '#'))
            {
                // As a failed assertion of a native library does.
                Environment.FailFast("The canary was reached.");
            }
        }
    }

    public void Dispose()
    {
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool Begins(ReadOnlySpan<byte> input, int index, char with)
    {
        if (input.Length <= index)
        {
            return false;
        }

        return input[index] == with;
    }
}
