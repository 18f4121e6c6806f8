using System.Runtime.CompilerServices;

namespace QuicChat.Quic.Engines;

/// <summary>
/// Application error codes as the wire takes them: integers of 62 bits (RFC 9000, section 16). Some libraries abort the process on larger
/// ones.
/// </summary>
internal static class ApplicationErrorCode
{
    public const ulong Max = (1UL << 62) - 1;

    /// <exception cref="ArgumentOutOfRangeException"><paramref name="code"/> is negative or has more than 62 bits.</exception>
    public static ulong Check(long code, [CallerArgumentExpression(nameof(code))] string? name = null)
        => Check((ulong)code, name);

    /// <exception cref="ArgumentOutOfRangeException"><paramref name="code"/> has more than 62 bits.</exception>
    public static ulong Check(ulong code, [CallerArgumentExpression(nameof(code))] string? name = null)
        => code <= Max ? code : throw new ArgumentOutOfRangeException(name, code, "An application error code is below 2^62.");
}
