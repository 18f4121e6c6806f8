using System.Net;
using QuicChat.Quic.Paths;
using Xunit;

namespace QuicChat.Quic.Tests.Paths;

public sealed class PathTrackerTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly NetworkPath Home = Path("192.0.2.1", 1000);
    private static readonly NetworkPath HomeOtherPort = Path("192.0.2.1", 2000);
    private static readonly NetworkPath Away = Path("198.51.100.7", 1000);
    private static readonly NetworkPath Third = Path("203.0.113.9", 1000);
    private static readonly NetworkPath Six = Path("2001:db8::1", 1000);

    private readonly List<PathEvent> _events = [];
    private readonly PathTracker _tracker;

    public PathTrackerTests() => _tracker = new PathTracker(Home, Timeout, _events.Add);

    [Fact]
    public void A_validated_path_becomes_the_one_that_the_next_attempt_leaves()
    {
        _tracker.Adopt(Away, At(1));
        _tracker.Validate(Away, ValidationEvidence.Exact, At(3));
        _tracker.Adopt(Third, At(5));

        Assert.Equal(
            [
                new PathEvent.Detected(Home, Away, PathChangeKind.Address, Start.AddSeconds(1)),
                new PathEvent.Validated(Away, TimeSpan.FromSeconds(2), ValidationEvidence.Exact, Start.AddSeconds(3)),
                new PathEvent.Detected(Away, Third, PathChangeKind.Address, Start.AddSeconds(5)),
            ],
            _events);
    }

    [Fact]
    public void The_kind_of_change_is_told_from_the_last_validated_path()
    {
        _tracker.Adopt(HomeOtherPort, At(1));
        _tracker.Adopt(Six, At(2));
        _tracker.Adopt(Away, At(3));

        Assert.Equal(
            [PathChangeKind.PortOnly, PathChangeKind.Family, PathChangeKind.Address],
            _events.OfType<PathEvent.Detected>().Select(e => e.Kind));
        Assert.All(_events.OfType<PathEvent.Detected>(), e => Assert.Equal(Home, e.From));
    }

    [Fact]
    public void A_third_path_supersedes_and_does_not_put_off_the_deadline()
    {
        _tracker.Adopt(Away, At(1));
        _tracker.Adopt(Third, At(20));

        Assert.Equal(TimeSpan.FromSeconds(31), _tracker.Deadline);
        Assert.Equal(new PathEvent.Superseded(Away, TimeSpan.FromSeconds(19), Start.AddSeconds(20)), _events[1]);
        _tracker.Expire(At(31));
        Assert.IsType<PathEvent.Failed>(_events[^1]);
    }

    [Fact]
    public void Coming_back_reverts_and_is_no_migration()
    {
        _tracker.Adopt(Away, At(1));
        _tracker.Adopt(Home, At(2));
        _tracker.Validate(Away, ValidationEvidence.Exact, At(3));

        Assert.Equal([typeof(PathEvent.Detected), typeof(PathEvent.Reverted)], _events.Select(e => e.GetType()));
        Assert.Null(_tracker.Deadline);
        Assert.Equal(Home, _tracker.LastValidated);
    }

    [Fact]
    public void An_overtaken_packet_from_the_old_path_ends_nothing_but_saves_the_connection_at_the_deadline()
    {
        _tracker.Adopt(Away, At(1));
        _tracker.Heard(Home);
        Assert.True(_tracker.IsMigrating);

        _tracker.Expire(At(30.9));
        Assert.True(_tracker.IsMigrating);
        _tracker.Expire(At(31));
        Assert.IsType<PathEvent.Reverted>(_events[^1]);
    }

    [Fact]
    public void What_was_heard_before_the_attempt_does_not_count()
    {
        _tracker.Heard(Home);
        _tracker.Adopt(Away, At(1));
        _tracker.Expire(At(31));
        Assert.IsType<PathEvent.Failed>(_events[^1]);
    }

    [Fact]
    public void A_shorter_time_out_moves_the_deadline_of_an_attempt_in_flight()
    {
        _tracker.Adopt(Away, At(1));
        _tracker.Timeout = TimeSpan.FromSeconds(2);
        _tracker.Expire(At(3));
        Assert.IsType<PathEvent.Failed>(_events[^1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => _tracker.Timeout = TimeSpan.Zero);
    }

    [Fact]
    public void Repeated_and_late_news_change_nothing()
    {
        _tracker.Validate(Away, ValidationEvidence.Exact, At(0));
        _tracker.Adopt(Home, At(0));
        _tracker.GiveUp(At(0));
        _tracker.Expire(At(100));
        Assert.Empty(_events);

        _tracker.Adopt(Away, At(101));
        _tracker.Adopt(Away, At(102));
        _tracker.GiveUp(At(103));
        _tracker.GiveUp(At(104));
        Assert.Equal([typeof(PathEvent.Detected), typeof(PathEvent.Unknown)], _events.Select(e => e.GetType()));
    }

    [Fact]
    public void Whatever_happens_each_attempt_begins_once_and_ends_once()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        NetworkPath[] paths = [Home, HomeOtherPort, Away, Third, Six];
        var now = 0.0;
        for (var step = 0; step < 20_000; step++)
        {
            now += random.NextDouble() * 10;
            var path = paths[random.Next(paths.Length)];
            switch (random.Next(5))
            {
                case 0:
                    _tracker.Adopt(path, At(now));
                    break;
                case 1:
                    _tracker.Heard(path);
                    break;
                case 2:
                    _tracker.Validate(path, ValidationEvidence.Exact, At(now));
                    break;
                case 3:
                    _tracker.Expire(At(now));
                    break;
                default:
                    if (random.Next(20) == 0)
                    {
                        _tracker.GiveUp(At(now));
                    }

                    break;
            }
        }

        PathEvent.Detected? open = null;
        foreach (var next in _events)
        {
            if (next is PathEvent.Detected detected)
            {
                Assert.True(open is null, $"seed {seed}: {next} while {open} was open");
                open = detected;
            }
            else
            {
                Assert.True(open is not null, $"seed {seed}: {next} without an attempt");
                open = null;
            }
        }

        Assert.Equal(open is not null, _tracker.IsMigrating);
        Assert.Equal(_tracker.IsMigrating, _tracker.Deadline is not null);
    }

    private static Instant At(double seconds) => new(TimeSpan.FromSeconds(seconds), Start.AddSeconds(seconds));

    private static NetworkPath Path(string address, int port) => new(new IPEndPoint(IPAddress.Loopback, 4433), new IPEndPoint(IPAddress.Parse(address), port));
}
