using System.Globalization;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using QuicChat.Abstractions.Rooms;
using StackExchange.Redis;

namespace QuicChat.Grains.Rooms;

/// <summary>
/// Room logs in Redis, or in what speaks its protocol. A log is a list; its epoch and its fence are strings; the notes of clients that were
/// cut off are a hash. A script is isolated everywhere, but where the server dies within it not everywhere undone: so an append writes its
/// entries with one single command, and what cutting off writes may be repeated.
/// <para>
/// Epoch and fence of a log without entries expire, so that rooms which are only joined do not fill the store. Nobody has a fence that is gone:
/// its writer is refused as one that was followed. Nobody has read a message of an epoch that is gone. The first append keeps both, before it
/// writes its entries.
/// </para>
/// </summary>
internal sealed class RedisRoomLog(IConnectionMultiplexer redis, IOptions<ClusterOptions> cluster) : IRoomLog
{
    private const int PageLength = 500;

    private const string AppendScript =
        """
        if redis.call('GET', KEYS[2]) ~= ARGV[1] then return -1 end
        local last = redis.call('LINDEX', KEYS[1], -1)
        local tail = 0
        if last then tail = tonumber(string.match(last, '^%d+')) end
        if tail ~= tonumber(ARGV[2]) then return -2 end
        if not last then
            redis.call('PERSIST', KEYS[2])
            redis.call('PERSIST', KEYS[3])
        end
        redis.call('RPUSH', KEYS[1], unpack(ARGV, 3))
        return 0
        """;

    private const string OpenScript =
        """
        redis.call('SET', KEYS[2], ARGV[1])
        if redis.call('EXISTS', KEYS[1]) == 0 then
            redis.call('PEXPIRE', KEYS[2], ARGV[2])
            redis.call('PEXPIRE', KEYS[3], ARGV[2])
        end
        return 0
        """;

    private const string HoldScript =
        """
        if redis.call('GET', KEYS[2]) ~= ARGV[1] then return -1 end
        if redis.call('EXISTS', KEYS[1]) == 0 then
            redis.call('PEXPIRE', KEYS[2], ARGV[2])
            redis.call('PEXPIRE', KEYS[3], ARGV[2])
        end
        return 0
        """;

    private const string EpochScript =
        """
        if redis.call('GET', KEYS[2]) ~= ARGV[1] then return -1 end
        redis.call('SET', KEYS[3], ARGV[2])
        if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('PEXPIRE', KEYS[3], ARGV[3]) end
        return 0
        """;

    private const string TrimScript =
        """
        if redis.call('GET', KEYS[2]) ~= ARGV[1] then return -1 end
        local noted = 3 + 2 * tonumber(ARGV[3])
        if noted > 3 then redis.call('HSET', KEYS[4], unpack(ARGV, 4, noted)) end
        redis.call('LTRIM', KEYS[1], ARGV[2], -1)
        if #ARGV > noted then redis.call('HDEL', KEYS[4], unpack(ARGV, noted + 1)) end
        return 0
        """;

    // A writer asks far more often.
    private static readonly TimeSpan EmptyLife = TimeSpan.FromDays(1);

    private readonly string _prefix = $"{cluster.Value.ServiceId}/room/";

    private static long EmptyLifeMs => (long)EmptyLife.TotalMilliseconds;

    private IDatabase Database => redis.GetDatabase();

    public async Task<RoomLogOpening> OpenAsync(
        string room, string newEpoch, Action<CutOffClient> cutOff, Action<RoomLogEntry> entry)
    {
        var fence = Guid.NewGuid().ToString("N");
        await EvaluateAsync(OpenScript, room, fence, EmptyLifeMs);
        foreach (var client in (await Database.HashGetAllAsync(CutOffKey(room))).Select(ParseNote).OrderBy(client => client.At))
        {
            cutOff(client);
        }

        var isEmpty = true;
        for (long start = 0; ; start += PageLength)
        {
            var page = await Database.ListRangeAsync(LogKey(room), start, start + PageLength - 1);
            foreach (var value in page)
            {
                var decoded = Decode(value);
                entry(decoded);

                // Where the epoch's key is gone, the log itself knows.
                (newEpoch, isEmpty) = (decoded.Epoch, false);
            }

            if (page.Length < PageLength)
            {
                return new RoomLogOpening(fence, await GetEpochAsync(room, newEpoch, isEmpty));
            }
        }
    }

    public async Task<bool> HoldsAsync(string room, string fence) => await EvaluateAsync(HoldScript, room, fence, EmptyLifeMs) == 0;

    public async Task<bool> BeginEpochAsync(string room, string fence, string epoch)
        => await EvaluateAsync(EpochScript, room, fence, epoch, EmptyLifeMs) == 0;

    public async Task<RoomLogAppend> AppendAsync(string room, string fence, long tail, IReadOnlyList<RoomLogEntry> entries)
    {
        var arguments = new RedisValue[entries.Count + 2];
        (arguments[0], arguments[1]) = (fence, tail);
        for (var index = 0; index < entries.Count; index++)
        {
            arguments[index + 2] = RoomLogCodec.Encode(entries[index]);
        }

        return await EvaluateAsync(AppendScript, room, arguments) switch
        {
            0 => RoomLogAppend.Stored,
            -1 => RoomLogAppend.Fenced,
            _ => RoomLogAppend.TailMoved,
        };
    }

    public async Task<IReadOnlyList<RoomMessage>> ReadAsync(string room, long firstOffset, long fromOffset, int limit)
    {
        // A place before the list's beginning would be one from its end.
        ArgumentOutOfRangeException.ThrowIfLessThan(fromOffset, firstOffset);
        while (true)
        {
            var start = fromOffset - firstOffset;
            var page = await Database.ListRangeAsync(LogKey(room), start, start + limit - 1);
            var messages = Array.ConvertAll(page, value => Decode(value).Message);
            if (messages.Length > 0 && messages[0].Offset == fromOffset)
            {
                return messages;
            }

            var first = await Database.ListGetByIndexAsync(LogKey(room), 0);
            if (first.IsNull || Decode(first).Message.Offset == firstOffset)
            {
                return [];
            }

            // The log was cut meanwhile.
            firstOffset = Decode(first).Message.Offset;
            fromOffset = Math.Max(fromOffset, firstOffset);
        }
    }

    public async Task<bool> TrimAsync(
        string room,
        string fence,
        int keep,
        IReadOnlyList<CutOffClient> cutOff,
        IReadOnlyList<(string UserId, string ClientId)> forgotten)
    {
        var arguments = new List<RedisValue>(3 + (2 * cutOff.Count) + forgotten.Count) { fence, -keep, cutOff.Count };
        foreach (var client in cutOff)
        {
            arguments.Add(FormatClient(client.UserId, client.ClientId));
            arguments.Add(string.Create(
                CultureInfo.InvariantCulture, $"{client.LastClientSeq} {client.Term} {client.At.ToUnixTimeMilliseconds()}"));
        }

        arguments.AddRange(forgotten.Select(client => (RedisValue)FormatClient(client.UserId, client.ClientId)));
        return await EvaluateAsync(TrimScript, room, [.. arguments]) == 0;
    }

    private async Task<int> EvaluateAsync(string script, string room, params RedisValue[] arguments)
        => (int)await Database.ScriptEvaluateAsync(script, [LogKey(room), FenceKey(room), EpochKey(room), CutOffKey(room)], arguments);

    private async Task<string> GetEpochAsync(string room, string newEpoch, bool isEmpty)
    {
        // Whoever is first decides; the others take what is there.
        string? epoch = await Database.StringGetAsync(EpochKey(room));
        if (epoch is null && !await Database.StringSetAsync(EpochKey(room), newEpoch, isEmpty ? EmptyLife : null, When.NotExists))
        {
            epoch = await Database.StringGetAsync(EpochKey(room));
        }

        return epoch ?? newEpoch;
    }

    private static RoomLogEntry Decode(RedisValue value) => RoomLogCodec.Decode(((ReadOnlyMemory<byte>)value).Span);

    // The length comes first, since either ID may hold any character.
    private static string FormatClient(string userId, string clientId) => $"{userId.Length} {userId} {clientId}";

    private static (string UserId, string ClientId) ParseClient(string field)
    {
        var blank = field.IndexOf(' ');
        var length = int.Parse(field.AsSpan(0, blank));
        return (field.Substring(blank + 1, length), field[(blank + length + 2)..]);
    }

    private static CutOffClient ParseNote(HashEntry field)
    {
        var (userId, clientId) = ParseClient(field.Name!);
        var values = Array.ConvertAll(((string)field.Value!).Split(' '), value => long.Parse(value, CultureInfo.InvariantCulture));
        return new CutOffClient(userId, clientId, values[0], values[1], DateTimeOffset.FromUnixTimeMilliseconds(values[2]));
    }

    // The braces keep a room's keys on one node of a Redis cluster.
    private string Key(string room, string suffix) => $"{_prefix}{{{room}}}/{suffix}";

    private string LogKey(string room) => Key(room, "log");

    private string EpochKey(string room) => Key(room, "epoch");

    private string FenceKey(string room) => Key(room, "fence");

    private string CutOffKey(string room) => Key(room, "cut-off");
}
