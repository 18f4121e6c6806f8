using System.CommandLine;
using QuicChat.Protocol;

namespace QuicChat.Cli.Stack;

/// <summary>The option <c>--rooms</c>: the private rooms that a development token opens, its claim <c>rooms</c>.</summary>
internal static class RoomsOption
{
    /// <summary>Makes the option, which may be given several times.</summary>
    public static Option<string[]> Create() => new("--rooms")
    {
        Description = "A private room that the token opens, or what the names of several begin with and a *, such as 'private:team-*'. "
            + "May be given several times.",
        HelpName = "ROOM",
        CustomParser = result =>
        {
            var rooms = result.Tokens.Select(token => token.Value).ToArray();
            foreach (var room in rooms)
            {
                if (Check(room) is { } problem)
                {
                    result.AddError($"--rooms: {problem}");
                }
            }

            return rooms;
        },
        DefaultValueFactory = _ => [],
    };

    private static string? Check(string room)
    {
        if (ProtocolRules.CheckRoom(room) is { } problem)
        {
            return problem;
        }

        var opens = room is [.. var start, '*']
            ? RoomNames.IsPrivate(start) || RoomNames.PrivatePrefix.StartsWith(start, StringComparison.Ordinal)
            : RoomNames.IsPrivate(room) && room.Length > RoomNames.PrivatePrefix.Length;
        return opens ? null : $"'{room}' opens no private room: those are written {RoomNames.PrivatePrefix}NAME; no other needs it.";
    }
}
