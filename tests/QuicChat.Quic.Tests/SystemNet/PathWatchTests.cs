using System.Net;
using QuicChat.Quic.Paths;
using QuicChat.Quic.SystemNet;
using Xunit;

namespace QuicChat.Quic.Tests.SystemNet;

/// <summary>What is made of an end point that changes without a word; no engine is needed for it.</summary>
public sealed class PathWatchTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly IPEndPoint Local = new(IPAddress.Parse("192.0.2.200"), 4433);
    private static readonly IPEndPoint Home = new(IPAddress.Parse("192.0.2.1"), 1000);
    private static readonly IPEndPoint Away = new(IPAddress.Parse("198.51.100.7"), 1000);
    private static readonly IPEndPoint Third = new(IPAddress.Parse("203.0.113.9"), 1000);

    private readonly PathWatch _watch = new(Local, Home);

    [Fact]
    public void A_client_that_stays_where_it_is_causes_nothing()
    {
        _watch.Look(Home, At(1));
        _watch.Look(new IPEndPoint(Home.Address, Home.Port), At(2));
        _watch.Look(new IPEndPoint(Home.Address.MapToIPv6(), Home.Port), At(3));
        _watch.Confirm(Home, At(4));

        Assert.Empty(Events());
        Assert.Equal(new NetworkPath(Local, Home), _watch.Current);
    }

    [Theory]
    [InlineData("192.0.2.1", 2000, PathChangeKind.PortOnly)]
    [InlineData("198.51.100.7", 1000, PathChangeKind.Address)]
    [InlineData("2001:db8::1", 1000, PathChangeKind.Family)]
    public void A_round_trip_in_time_validates_by_inference(string address, int port, PathChangeKind kind)
    {
        var next = new IPEndPoint(IPAddress.Parse(address), port);
        _watch.Look(next, At(1));
        _watch.Confirm(next, At(1.25));

        Assert.Equal(
            [
                new PathEvent.Detected(Path(Home), Path(next), kind, Start.AddSeconds(1)),
                new PathEvent.Validated(Path(next), TimeSpan.FromSeconds(0.25), ValidationEvidence.Inferred, Start.AddSeconds(1.25)),
            ],
            Events());
        Assert.Equal(Path(next), _watch.Current);
    }

    [Fact]
    public void A_round_trip_at_the_limit_is_in_time_and_one_after_it_is_not()
    {
        _watch.Look(Away, At(1));
        _watch.Confirm(Away, At(2));
        _watch.Look(Third, At(3));
        _watch.Confirm(Third, At(4.25));
        _watch.Confirm(Third, At(4.5));

        Assert.Equal(
            [
                new PathEvent.Detected(Path(Home), Path(Away), PathChangeKind.Address, Start.AddSeconds(1)),
                new PathEvent.Validated(Path(Away), TimeSpan.FromSeconds(1), ValidationEvidence.Inferred, Start.AddSeconds(2)),
                new PathEvent.Detected(Path(Away), Path(Third), PathChangeKind.Address, Start.AddSeconds(3)),
                new PathEvent.Unknown(Path(Third), TimeSpan.FromSeconds(1.25), Start.AddSeconds(4.25)),
            ],
            Events());
    }

    [Fact]
    public void Without_a_round_trip_time_alone_ends_an_attempt_as_unknown_and_it_does_not_begin_again()
    {
        _watch.Look(Away, At(1));
        for (var second = 1.1; second < 40; second += 0.1)
        {
            _watch.Look(Away, At(second));
        }

        Assert.Equal([typeof(PathEvent.Detected), typeof(PathEvent.Unknown)], Types());
    }

    [Fact]
    public void What_is_unknown_is_not_validated_for_the_next_attempt()
    {
        _watch.Look(Away, At(1));
        _watch.Look(Away, At(3));
        _watch.Look(Third, At(5));

        Assert.Equal(new PathEvent.Detected(Path(Home), Path(Third), PathChangeKind.Address, Start.AddSeconds(5)), Events()[^1]);
    }

    [Fact]
    public void Coming_back_in_time_reverts_and_a_late_return_is_no_event()
    {
        _watch.Look(Away, At(1));
        _watch.Confirm(Home, At(1.5));
        _watch.Look(Away, At(3));
        _watch.Look(Away, At(5));
        _watch.Look(Home, At(6));
        _watch.Confirm(Home, At(6.1));

        Assert.Equal(
            [typeof(PathEvent.Detected), typeof(PathEvent.Reverted), typeof(PathEvent.Detected), typeof(PathEvent.Unknown)], Types());
    }

    [Fact]
    public void A_third_path_supersedes_and_has_its_own_time()
    {
        _watch.Look(Away, At(1));
        _watch.Look(Third, At(1.9));
        _watch.Confirm(Third, At(2.5));

        Assert.Equal(
            [typeof(PathEvent.Detected), typeof(PathEvent.Superseded), typeof(PathEvent.Detected), typeof(PathEvent.Validated)], Types());
    }

    [Fact]
    public void A_denied_path_is_told_only_by_a_round_trip_and_once()
    {
        _watch.Judge = (_, candidate) => candidate.Remote.Equals(Away) ? "not there" : null;
        _watch.Look(Away, At(1));
        Assert.Equal([typeof(PathEvent.Detected)], Types());

        _watch.Confirm(Away, At(1.1));
        _watch.Confirm(Away, At(1.2));

        Assert.Equal([new PathEvent.Denied(Path(Home), Path(Away), PathChangeKind.Address, "not there", Start.AddSeconds(1.1))], Events());
        _watch.Look(Away, At(2.2));
        Assert.Equal([typeof(PathEvent.Unknown)], Types());
    }

    [Fact]
    public void A_denied_path_that_no_round_trip_confirms_costs_nobody_the_connection()
    {
        _watch.Judge = (_, candidate) => candidate.Remote.Equals(Home) ? null : "not there";
        _watch.Look(Away, At(1));
        _watch.Look(Home, At(1.01));
        _watch.Confirm(Home, At(1.1));
        _watch.Look(Third, At(2));
        _watch.Confirm(Third, At(3.5));

        Assert.Equal(
            [typeof(PathEvent.Detected), typeof(PathEvent.Reverted), typeof(PathEvent.Detected), typeof(PathEvent.Unknown)], Types());
    }

    [Fact]
    public void The_judge_is_asked_before_the_change_is_told_of()
    {
        var told = -1;
        _watch.Judge = (_, _) =>
        {
            told = _watch.Events.Count;
            return null;
        };

        _watch.Look(Away, At(1));

        Assert.Equal(0, told);
    }

    private static Instant At(double seconds) => new(TimeSpan.FromSeconds(seconds), Start.AddSeconds(seconds));

    private static NetworkPath Path(IPEndPoint remote) => new(Local, remote);

    private List<PathEvent> Events()
    {
        List<PathEvent> events = [];
        while (_watch.Events.TryRead(out var next))
        {
            events.Add(next);
        }

        return events;
    }

    private Type[] Types() => [.. Events().Select(e => e.GetType())];
}
