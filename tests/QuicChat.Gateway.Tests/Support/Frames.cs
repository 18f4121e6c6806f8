using Google.Protobuf;
using QuicChat.Protocol.V1;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>A client's frames.</summary>
internal static class Frames
{
    public static ClientFrame Hello(string token, string clientId = "phone", ByteString? session = null)
        => new() { Hello = new Hello { Token = token, ClientId = clientId, SessionToken = session ?? ByteString.Empty } };

    public static ClientFrame Refresh(string token) => new() { Refresh = new Refresh { Token = token } };

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
