namespace QuicChat.Protocol;

/// <summary>The largest values that the protocol carries. Both sides hold to them: a client before it sends, a gateway before it believes.</summary>
public static class ProtocolLimits
{
    /// <summary>64 KiB: bytes of a frame, its length not counted. It bounds what one peer can make the other hold for one stream.</summary>
    public const int MaxFrameBytes = 64 * 1024;

    /// <summary>
    /// 32 KiB: bytes of a message's text in UTF-8. It is far beyond what people type, and with all other fields at their largest a message
    /// still takes little more than half a frame, which leaves room for fields to come.
    /// </summary>
    public const int MaxBodyBytes = 32 * 1024;

    /// <summary>128: characters of a room's name, all ASCII. Room names are keys of stores, metrics and logs, so they stay short.</summary>
    public const int MaxRoomLength = 128;

    /// <summary>64: characters of a client ID, all ASCII. Room for a UUID, a hash or a device name, and no more, for each message carries it.</summary>
    public const int MaxClientIdLength = 64;

    /// <summary>128: bytes of a user's ID in UTF-8, the subject of its token. Each message carries it.</summary>
    public const int MaxUserIdBytes = 128;

    /// <summary>128: bytes of a user's name in UTF-8. Each message carries it.</summary>
    public const int MaxUserNameBytes = 128;

    /// <summary>16 KiB: bytes of a token. Ten times a usual JSON Web Token, and what HTTP servers commonly take as a header.</summary>
    public const int MaxTokenBytes = 16 * 1024;

    /// <summary>256: bytes of a session token.</summary>
    public const int MaxSessionTokenBytes = 256;

    /// <summary>100: messages in one History. A page that would not fit a frame holds fewer.</summary>
    public const int MaxHistoryMessages = 100;

    /// <summary>1,000: the newest messages that a Join may ask for; more is read page by page, at the reader's pace.</summary>
    public const int MaxNewestMessages = 1_000;
}
