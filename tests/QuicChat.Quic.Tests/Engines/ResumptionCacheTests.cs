using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.Quic.Tests.Engines;

public sealed class ResumptionCacheTests
{
    private static readonly ResumptionKey Key = new("a:1", "chat", "trust");
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;
    private readonly ResumptionCache _cache = new();

    [Fact]
    public void What_is_kept_is_taken_once()
    {
        _cache.KeepToken(Key, [1]);
        _cache.KeepToken(Key, [2]);
        _cache.KeepTicket(Key, new SessionTicket(new byte[] { 3 }, Now.AddHours(1)));
        Assert.Equal([2], _cache.TakeToken(Key));
        Assert.Null(_cache.TakeToken(Key));
        Assert.Equal([3], _cache.TakeTicket(Key, Now)?.Data.ToArray());
        Assert.Null(_cache.TakeTicket(Key, Now));
        Assert.Equal(0, _cache.Count);
    }

    [Fact]
    public void It_is_for_the_same_server_protocol_and_trust_alone()
    {
        _cache.KeepToken(Key, [1]);
        _cache.KeepTicket(Key, new SessionTicket(new byte[] { 2 }, Now.AddHours(1)));
        foreach (var other in new[] { Key with { Server = "a:2" }, Key with { ApplicationProtocol = "other" }, Key with { Trust = "other" } })
        {
            Assert.Null(_cache.TakeToken(other));
            Assert.Null(_cache.TakeTicket(other, Now));
        }

        Assert.NotNull(_cache.TakeToken(Key with { }));
        Assert.NotNull(_cache.TakeTicket(Key with { }, Now));
    }

    [Fact]
    public void A_ticket_that_is_too_old_is_not_used()
    {
        _cache.KeepTicket(Key, new SessionTicket(new byte[] { 1 }, Now));
        Assert.Null(_cache.TakeTicket(Key, Now));
        Assert.Equal(0, _cache.Count);
    }

    [Fact]
    public void The_server_heard_of_longest_ago_is_forgotten_first()
    {
        for (var i = 0; i < ResumptionCache.Capacity; i++)
        {
            _cache.KeepToken(Key with { Server = $"{i}" }, [1]);
        }

        _cache.KeepTicket(Key with { Server = "0" }, new SessionTicket(new byte[] { 2 }, Now.AddHours(1)));
        _cache.KeepToken(Key with { Server = "new" }, [1]);
        Assert.Equal(ResumptionCache.Capacity, _cache.Count);
        Assert.Null(_cache.TakeToken(Key with { Server = "1" }));
        Assert.NotNull(_cache.TakeToken(Key with { Server = "0" }));
        Assert.NotNull(_cache.TakeToken(Key with { Server = "new" }));
    }

    [Fact]
    public void A_server_cannot_have_much_kept()
    {
        _cache.KeepToken(Key, new byte[ResumptionCache.MaxTokenLength + 1]);
        _cache.KeepToken(Key, []);
        _cache.KeepTicket(Key, new SessionTicket(new byte[ResumptionCache.MaxTicketLength + 1], Now.AddHours(1)));
        _cache.KeepTicket(Key, new SessionTicket(Array.Empty<byte>(), Now.AddHours(1)));
        Assert.Equal(0, _cache.Count);
        _cache.KeepToken(Key, [1]);
        _cache.Clear();
        Assert.Equal(0, _cache.Count);
    }
}
