using System.Buffers;
using System.Text;

namespace QuicChat.Protocol;

/// <summary>
/// What names and texts must look like. Each check answers <see langword="null"/> for a good value, else one line that says what is wrong
/// and what is allowed. A client checks before it sends; a gateway checks all that it is sent.
/// </summary>
public static class ProtocolRules
{
    /// <summary>
    /// Checks a room's name: 1 to <see cref="ProtocolLimits.MaxRoomLength"/> visible ASCII characters (<c>!</c> to <c>~</c>), so that no two
    /// rooms look alike and a name means the same in a store's key, a log and a command line.
    /// </summary>
    public static string? CheckRoom(string? room) => CheckIdentifier(room, "room name", ProtocolLimits.MaxRoomLength);

    /// <summary>Checks a client ID: 1 to <see cref="ProtocolLimits.MaxClientIdLength"/> visible ASCII characters (<c>!</c> to <c>~</c>).</summary>
    public static string? CheckClientId(string? clientId) => CheckIdentifier(clientId, "client ID", ProtocolLimits.MaxClientIdLength);

    /// <summary>Checks a user's ID: not empty, at most <see cref="ProtocolLimits.MaxUserIdBytes"/> bytes of UTF-8, no control characters.</summary>
    public static string? CheckUserId(string? userId) => CheckLabel(userId, "user ID", ProtocolLimits.MaxUserIdBytes);

    /// <summary>Checks a user's name: not empty, at most <see cref="ProtocolLimits.MaxUserNameBytes"/> bytes of UTF-8, no control characters.</summary>
    public static string? CheckUserName(string? userName) => CheckLabel(userName, "user name", ProtocolLimits.MaxUserNameBytes);

    /// <summary>
    /// Checks a message's text: at most <see cref="ProtocolLimits.MaxBodyBytes"/> bytes of UTF-8. It may be empty and hold any character;
    /// who shows it on a terminal must escape control characters.
    /// </summary>
    public static string? CheckBody(string? body) => CheckText(body, "message", ProtocolLimits.MaxBodyBytes);

    /// <summary>Checks a token's size, not its contents: 1 to <see cref="ProtocolLimits.MaxTokenBytes"/> bytes.</summary>
    public static string? CheckToken(string? token)
        => token is "" ? "The token is empty." : CheckText(token, "token", ProtocolLimits.MaxTokenBytes);

    private static string? CheckIdentifier(string? value, string what, int maxLength)
    {
        if (string.IsNullOrEmpty(value))
        {
            return $"The {what} is empty; 1 to {maxLength} visible ASCII characters are allowed.";
        }

        if (value.Length > maxLength)
        {
            return $"The {what} has {value.Length} characters; {maxLength} are allowed.";
        }

        var at = value.AsSpan().IndexOfAnyExceptInRange('!', '~');
        return at < 0
            ? null
            : $"The {what} has the character U+{(int)value[at]:X4} at position {at}; only visible ASCII characters without space are allowed.";
    }

    private static string? CheckLabel(string? value, string what, int maxBytes)
    {
        if (string.IsNullOrEmpty(value))
        {
            return $"The {what} is empty.";
        }

        foreach (var character in value)
        {
            if (char.IsControl(character))
            {
                return $"The {what} has the control character U+{(int)character:X4}.";
            }
        }

        return CheckText(value, what, maxBytes);
    }

    private static string? CheckText(string? value, string what, int maxBytes)
    {
        if (value is null)
        {
            return $"The {what} is missing.";
        }

        // Half a surrogate pair has no UTF-8; Protobuf would send U+FFFD in its place without a word.
        var position = 0;
        for (int next; (next = value.AsSpan(position).IndexOfAnyInRange('\ud800', '\udfff')) >= 0;)
        {
            position += next;
            if (Rune.DecodeFromUtf16(value.AsSpan(position), out _, out var consumed) != OperationStatus.Done)
            {
                return $"The {what} is not valid Unicode: half of a surrogate pair at position {position}.";
            }

            position += consumed;
        }

        var bytes = Encoding.UTF8.GetByteCount(value);
        return bytes <= maxBytes ? null : $"The {what} has {bytes} bytes of UTF-8; {maxBytes} are allowed.";
    }
}
