using Google.Protobuf;
using QuicChat.Protocol.V1;

namespace QuicChat.Protocol.Tests;

/// <summary>Frames of every type with random contents.</summary>
internal static class RandomFrames
{
    public static ClientFrame NextClientFrame(this Random random) => random.Next(8) switch
    {
        0 => new ClientFrame { Hello = new Hello { Token = random.NextText(2_000), ClientId = random.NextText(64), SessionToken = random.NextBytes(64) } },
        1 => new ClientFrame { Ping = new Ping { Number = random.NextNumber() } },
        2 => new ClientFrame { Refresh = new Refresh { Token = random.NextText(2_000) } },
        3 => new ClientFrame { Pong = new Pong { Number = random.NextNumber() } },
        4 => new ClientFrame
        {
            Join = new Join
            {
                Room = random.NextText(100),
                After = random.Next(2) == 0 ? null : new Position { Epoch = random.NextText(20), Offset = random.NextNumber() },
                Newest = (uint)random.Next(),
                Presence = random.Next(2) == 0,
            },
        },
        5 => new ClientFrame { Publish = new Publish { ClientSeq = random.NextNumber(), Body = random.NextText(20_000) } },
        6 => new ClientFrame { Leave = new Leave() },
        _ => new ClientFrame { ReadHistory = new ReadHistory { FromOffset = random.NextNumber(), Limit = (uint)random.Next(101) } },
    };

    public static ServerFrame NextServerFrame(this Random random) => random.Next(13) switch
    {
        0 => new ServerFrame
        {
            Welcome = new Welcome
            {
                ConnectionId = random.NextBytes(16),
                UserId = random.NextText(40),
                UserName = random.NextText(40),
                SessionToken = random.NextBytes(32),
                IdleTimeoutMs = (uint)random.Next(),
                MigrationTimeoutMs = (uint)random.Next(),
                GatewayId = random.NextText(20),
                TokenExpiresInMs = (uint)random.Next(),
            },
        },
        1 => new ServerFrame { Ping = new Ping { Number = random.NextNumber() } },
        2 => new ServerFrame { Pong = new Pong { Number = random.NextNumber() } },
        3 => new ServerFrame { GoAway = new GoAway { Reason = random.NextText(40), Alternatives = { "a:1", random.NextText(30) } } },
        4 => new ServerFrame
        {
            MigrationNotice = new MigrationNotice
            {
                Kind = (MigrationNotice.Types.Kind)random.Next(4),
                Outcome = (MigrationNotice.Types.Outcome)random.Next(7),
                From = "192.0.2.1:1000",
                To = "[2001:db8::1]:2000",
                DurationMs = (uint)random.Next(),
                Reason = random.NextText(50),
            },
        },
        5 => new ServerFrame
        {
            Joined = new Joined
            {
                Position = new Position { Epoch = random.NextText(20), Offset = random.NextNumber() },
                Recovered = random.Next(2) == 0,
                LastClientSeq = random.NextNumber(),
            },
        },
        6 => new ServerFrame { Ack = new Ack { ClientSeq = random.NextNumber(), Offset = random.NextNumber() } },
        7 => new ServerFrame
        {
            Reject = new Reject
            {
                ClientSeq = random.NextNumber(),
                Code = (ErrorCode)random.Next(13),
                Reason = random.NextText(50),
                RetryAfterMs = (uint)random.Next(),
            },
        },
        8 => new ServerFrame { Message = random.NextMessage() },
        9 => new ServerFrame { Refreshed = new Refreshed { TokenExpiresInMs = (uint)random.Next() } },
        11 => new ServerFrame { Settings = new Settings { MigrationTimeoutMs = (uint)random.Next() } },
        10 => new ServerFrame
        {
            Presence = new Presence
            {
                Members = (uint)random.Next(),
                Complete = random.Next(2) == 0,
                Joined = { random.NextMember(), random.NextMember() },
                Left = { random.NextMember() },
            },
        },
        _ => new ServerFrame
        {
            History = new History
            {
                FromOffset = random.NextNumber(),
                FirstOffset = random.NextNumber(),
                LastOffset = random.NextNumber(),
                Messages = { random.NextMessage(), random.NextMessage() },
            },
        },
    };

    private static Message NextMessage(this Random random) => new()
    {
        Offset = random.NextNumber(),
        SenderId = random.NextText(40),
        SenderName = random.NextText(40),
        SentAtMs = random.NextInt64(),
        Body = random.NextText(10_000),
        ClientId = random.NextText(64),
        ClientSeq = random.NextNumber(),
    };

    private static Member NextMember(this Random random) => new() { UserId = random.NextText(40), UserName = random.NextText(40) };

    private static ulong NextNumber(this Random random) => (ulong)random.NextInt64() >> random.Next(64);

    private static ByteString NextBytes(this Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return ByteString.CopyFrom(bytes);
    }

    // Mostly short; ASCII, two, three and four bytes a character.
    private static string NextText(this Random random, int maxLength)
    {
        string[] alphabet = ["a", " ", "é", "中", "🙂"];
        var length = random.Next(4) == 0 ? random.Next(maxLength / 4) : random.Next(Math.Min(12, maxLength / 4));
        return string.Concat(Enumerable.Range(0, length).Select(_ => alphabet[random.Next(alphabet.Length)]));
    }
}
