using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

/// <summary>What is kept to be back faster costs no connection, whatever it is.</summary>
public sealed class ResumptionTests
{
    [Fact]
    public void A_ticket_that_TLS_does_not_take_is_left_out()
    {
        var client = CoreLink.NewClientSettings();
        client.Memory!.Cache.KeepTicket(client.Memory.Key, new SessionTicket(new byte[100], DateTimeOffset.UtcNow.AddHours(1)));
        using var link = new CoreLink(client).Establish();
        Assert.False(link.Client.Core.IsResumed);
    }

    [Fact]
    public void A_token_as_long_as_is_kept_leaves_room_for_the_first_message()
    {
        var client = CoreLink.NewClientSettings();
        client.Memory!.Cache.KeepToken(client.Memory.Key, new byte[ResumptionCache.MaxTokenLength]);
        using var link = new CoreLink(client).Establish();
        Assert.True(link.Server!.Completed);
    }

    [Fact]
    public void A_server_that_has_no_key_for_tickets_at_the_time_sends_none()
    {
        var client = CoreLink.NewClientSettings();
        using var link = new CoreLink(client, CoreLink.NewServerSettings() with { TicketKey = () => default }).Establish();
        Assert.Null(link.Server!.Closure);
        Assert.Null(client.Memory!.Cache.TakeTicket(client.Memory.Key, link.Now.Time));
    }
}
