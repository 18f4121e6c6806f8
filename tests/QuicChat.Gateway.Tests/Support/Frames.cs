using QuicChat.Protocol.V1;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>A client's frames.</summary>
internal static class Frames
{
    public static ClientFrame Hello(string token, string clientId = "phone")
        => new() { Hello = new Hello { Token = token, ClientId = clientId } };

    public static ClientFrame Ping(ulong number) => new() { Ping = new Ping { Number = number } };

    public static ClientFrame Join(string room, Position? after = null, uint newest = 0, bool presence = false)
    {
        var join = new Join { Room = room, Newest = newest, Presence = presence };
        if (after is not null)
        {
            join.After = after;
        }

        return new ClientFrame { Join = join };
    }

    public static Position At(string epoch, ulong offset) => new() { Epoch = epoch, Offset = offset };

    public static ClientFrame Publish(ulong clientSeq, string body) => new() { Publish = new Publish { ClientSeq = clientSeq, Body = body } };

    public static ClientFrame Leave() => new() { Leave = new Leave() };

    public static ClientFrame ReadHistory(ulong from, uint limit)
        => new() { ReadHistory = new ReadHistory { FromOffset = from, Limit = limit } };
}
