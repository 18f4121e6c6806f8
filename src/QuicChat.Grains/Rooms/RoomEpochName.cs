using System.Globalization;

namespace QuicChat.Grains.Rooms;

/// <summary>
/// Names of epochs: how many came before, a dot, and 12 random hex digits. So it shows which of two was begun later, also where the store
/// has gone back to before it. To all others a name is just a name.
/// </summary>
internal static class RoomEpochName
{
    private const int RandomLength = 12;

    /// <summary>A name for a room that has had none.</summary>
    public static string First() => Name(0);

    /// <summary>A name for the epoch after two others.</summary>
    public static string After(string one, string other) => Name(Math.Max(Number(one), Number(other)) + 1);

    /// <summary>Whether an epoch was begun before another.</summary>
    public static bool IsBefore(string one, string other) => Number(one) < Number(other);

    private static string Name(long number) => $"{number}.{Guid.NewGuid().ToString("N")[..RandomLength]}";

    // An operator may have given a name of another kind.
    private static long Number(string name)
        => name.IndexOf('.') is > 0 and var dot
            && long.TryParse(name.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;
}
