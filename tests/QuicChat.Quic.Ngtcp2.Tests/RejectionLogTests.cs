using System.Net;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Driver;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

/// <summary>All that is rejected is counted; a log has a line of it now and then.</summary>
public sealed class RejectionLogTests
{
    private static readonly IPEndPoint Listener = new(IPAddress.Loopback, 4433);
    private static readonly UdpAddress Remote = UdpAddress.From(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 4321));

    [Fact]
    public void A_reason_is_logged_at_once_and_then_every_ten_seconds_with_its_count()
    {
        var (rejections, lines) = (new Rejections(), new Lines());
        var log = new RejectionLog(Listener, rejections, lines);
        for (var i = 0; i < 10_000; i++)
        {
            log.Add(RejectionReason.Undecryptable, Remote, TimeSpan.FromMilliseconds(i));
        }

        log.Add(RejectionReason.Malformed, Remote, TimeSpan.FromSeconds(9));
        log.Add(RejectionReason.Undecryptable, Remote, TimeSpan.FromSeconds(10));
        log.Add(RejectionReason.Undecryptable, Remote, TimeSpan.FromSeconds(10));

        Assert.Equal(10_002, rejections[RejectionReason.Undecryptable]);
        Assert.Equal(1, rejections[RejectionReason.Malformed]);
        Assert.Equal(
            [
                "127.0.0.1:4433: 1 datagrams rejected since this was last told: Undecryptable; the latest from 192.0.2.1:4321",
                "127.0.0.1:4433: 1 datagrams rejected since this was last told: Malformed; the latest from 192.0.2.1:4321",
                "127.0.0.1:4433: 10000 datagrams rejected since this was last told: Undecryptable; the latest from 192.0.2.1:4321",
            ],
            lines);
    }

    [Fact]
    public void Between_two_lines_nothing_is_allocated()
    {
        var log = new RejectionLog(Listener, new Rejections(), new Lines());
        log.Add(RejectionReason.Link, Remote, TimeSpan.Zero);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            log.Add(RejectionReason.Link, Remote, TimeSpan.FromSeconds(1));
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private sealed class Lines : List<string>, ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => Add(formatter(state, exception));
    }
}
