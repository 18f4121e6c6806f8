using System.Net;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>
/// Counts what a listener rejects, and logs it: for each reason one line in ten seconds at most, whatever arrives. The first is logged at once; those that follow
/// within ten seconds are told with the next one after that, and never where none comes. The counter tells them all. For one thread.
/// </summary>
internal sealed class RejectionLog(EndPoint listener, Rejections rejections, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Line[] _lines = new Line[Enum.GetValues<RejectionReason>().Length];

    // What was counted since a line was logged, and when the next may be.
    private record struct Line(long Count, TimeSpan Next);

    /// <summary>Counts a datagram.</summary>
    /// <param name="reason">Why it was rejected.</param>
    /// <param name="remote">Where it says that it came from.</param>
    /// <param name="now">The monotonic time.</param>
    public void Add(RejectionReason reason, UdpAddress remote, TimeSpan now)
    {
        rejections.Count(reason);
        ref var line = ref _lines[(int)reason];
        line.Count++;
        if (now >= line.Next)
        {
            if (logger.IsEnabled(LogLevel.Information))
            {
                EngineLog.Rejected(logger, listener, line.Count, reason, remote.ToEndPoint());
            }

            line = new Line(0, now + Interval);
        }
    }
}
