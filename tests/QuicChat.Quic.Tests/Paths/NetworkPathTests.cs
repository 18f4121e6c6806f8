using System.Net;

using QuicChat.Quic.Paths;

using Xunit;

namespace QuicChat.Quic.Tests.Paths;

public class NetworkPathTests
{
    [Theory]
    [InlineData("192.0.2.1:1000", "192.0.2.1:1000", null)]
    [InlineData("192.0.2.1:1000", "192.0.2.1:1001", PathChangeKind.PortOnly)]
    [InlineData("192.0.2.1:1000", "192.0.2.2:1000", PathChangeKind.Address)]
    [InlineData("192.0.2.1:1000", "192.0.2.2:1001", PathChangeKind.Address)]
    [InlineData("192.0.2.1:1000", "[2001:db8::1]:1000", PathChangeKind.Family)]
    [InlineData("[2001:db8::1]:1000", "192.0.2.1:1000", PathChangeKind.Family)]
    [InlineData("[2001:db8::1]:1000", "[2001:db8::1]:1001", PathChangeKind.PortOnly)]
    [InlineData("[2001:db8::1]:1000", "[2001:db8::2]:1000", PathChangeKind.Address)]
    public void A_change_is_told_by_the_remote_end_points(string from, string to, PathChangeKind? kind)
        => Assert.Equal(kind, To(from).ChangeTo(To(to)));

    [Fact]
    public void Another_local_end_point_is_another_path_but_no_change_of_the_peer()
    {
        var path = To("192.0.2.1:1000");
        var other = path with { Local = IPEndPoint.Parse("203.0.113.9:4433") };

        Assert.NotEqual(path, other);
        Assert.Null(path.ChangeTo(other));
    }

    [Fact]
    public void Paths_of_equal_end_points_are_equal() => Assert.Equal(To("192.0.2.1:1000"), To("192.0.2.1:1000"));

    [Fact]
    public void Text_names_the_local_end_point_first()
        => Assert.Equal("203.0.113.1:4433 ← 192.0.2.1:1000", To("192.0.2.1:1000").ToString());

    private static NetworkPath To(string remote) => new(IPEndPoint.Parse("203.0.113.1:4433"), IPEndPoint.Parse(remote));
}
