using System.CommandLine;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Verbs;

/// <summary>The options that say how bad a simulated network is, the same in both directions.</summary>
internal sealed class NetworkOptions
{
    private readonly Option<double> _loss = Choice.Percentage("--loss", "Loses this share of the datagrams, in each direction.");
    private readonly Option<TimeSpan?> _delay = Choice.Duration("--delay", "0ms", "1h", "Delays each datagram, in each direction.");
    private readonly Option<TimeSpan?> _jitter = Choice.Duration("--jitter", "0ms", "1h", "Delays by up to this much more, at random.");
    private readonly Option<double> _duplicate = Choice.Percentage("--duplicate", "Sends this share of the datagrams twice.");
    private readonly Option<double> _reorder = Choice.Percentage("--reorder", "Holds this share of the datagrams back behind later ones.");
    private readonly Option<long?> _rate = Choice.Of<long?>(
        "--rate", "RATE", "Passes at most this much in each direction, such as 10mbit.", text => Quantity.BitRate(text));

    /// <summary>All of them.</summary>
    public IReadOnlyList<Option> All => [_loss, _delay, _jitter, _duplicate, _reorder, _rate];

    /// <summary>What was asked for.</summary>
    public LinkConditions Read(ParseResult parsed) => new()
    {
        LossPercent = parsed.GetValue(_loss),
        Delay = parsed.GetValue(_delay) ?? TimeSpan.Zero,
        Jitter = parsed.GetValue(_jitter) ?? TimeSpan.Zero,
        DuplicatePercent = parsed.GetValue(_duplicate),
        ReorderPercent = parsed.GetValue(_reorder),
        BitsPerSecond = parsed.GetValue(_rate),
    };
}
