using System.Net;
using Microsoft.Extensions.Time.Testing;
using QuicChat.Abstractions.Policies;
using QuicChat.Gateway.Migrations;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Tests.Migrations;

public sealed class PathPolicyTests
{
    [Theory]
    [InlineData("127.0.0.1:1000", "127.0.0.3:1000", null)]
    [InlineData("127.0.0.1:1000", "127.0.0.2:1000", "127.0.0.2 is in a denied network")]
    [InlineData("127.0.0.1:1000", "10.0.0.1:1000", "10.0.0.1 is in no allowed network")]
    [InlineData("127.0.0.1:1000", "[::1]:1000", "moving between IPv4 and IPv6 is not allowed")]
    [InlineData("127.0.0.2:1000", "127.0.0.2:2000", null)] // a NAT's new port is never denied for where it is
    [InlineData("10.0.0.1:1000", "10.0.0.1:1000", null)]
    public void A_new_path_is_judged_by_its_network(string from, string to, string? denied)
    {
        var policy = new PathPolicy(new MigrationPolicy(["127.0.0.0/8", "::/0"], ["127.0.0.2/32"], [], false, null));
        Assert.Equal(denied, policy.Deny(Path(from), Path(to), recentMigrations: 0));
    }

    [Fact]
    public void The_rate_counts_migrations_of_the_last_minute_and_also_new_ports()
    {
        var time = new FakeTimeProvider();
        var admission = new PathAdmission(() => new PathPolicy(MigrationPolicy.Open with { MaxMigrationsPerMinute = 2 }), time);
        var (from, to) = (Path("127.0.0.1:1000"), Path("127.0.0.1:2000"));
        admission.Began();
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(admission.Deny(from, to));
        admission.Began();
        Assert.Equal("more than 2 migrations within a minute", admission.Deny(from, to));
        admission.Reverted();
        Assert.Null(admission.Deny(from, to));
        admission.Began();
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(admission.Deny(from, to));
    }

    [Fact]
    public void Changes_of_path_that_come_to_nothing_are_limited_and_those_that_are_validated_are_not()
    {
        var time = new FakeTimeProvider();
        var admission = new PathAdmission(() => PathPolicy.Open, time);
        var (from, to) = (Path("127.0.0.1:1000"), Path("127.0.0.1:2000"));
        for (var i = 0; i < 10 * PathAdmission.MostFutile; i++)
        {
            admission.Began();
        }

        for (var i = 0; i <= PathAdmission.MostFutile; i++)
        {
            Assert.Null(admission.Deny(from, to));
            if (i % 2 == 0)
            {
                admission.Superseded();
            }
            else
            {
                admission.Reverted();
            }
        }

        Assert.Equal($"more than {PathAdmission.MostFutile} changes of path have come to nothing", admission.Deny(from, to));
        Assert.Null(admission.Deny(from, from));

        // One a second from then on, however many there were.
        for (var second = 0; second < 3; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            Assert.Null(admission.Deny(from, to));
            admission.Superseded();
            admission.Superseded();
            Assert.NotNull(admission.Deny(from, to));
        }

        time.Advance(TimeSpan.FromMinutes(2));
        for (var i = 0; i <= PathAdmission.MostFutile; i++)
        {
            Assert.Null(admission.Deny(from, to));
            admission.Superseded();
        }

        Assert.NotNull(admission.Deny(from, to));
    }

    [Theory]
    [InlineData("10.2.0.1:1", "127.0.0.1:1", true)]
    [InlineData("10.2.0.1:1", "10.2.9.1:1", false)]
    [InlineData("127.0.0.1:1", "127.0.0.2:1", false)]
    public void Who_leaves_a_preferred_network_is_known(string from, string to, bool leaves)
        => Assert.Equal(leaves, new PathPolicy(MigrationPolicy.Open with { PreferredNetworks = ["10.2.0.0/16"] }).LeavesPreferred(Path(from), Path(to)));

    private static NetworkPath Path(string remote) => new(IPEndPoint.Parse("127.0.0.1:4433"), IPEndPoint.Parse(remote));
}
