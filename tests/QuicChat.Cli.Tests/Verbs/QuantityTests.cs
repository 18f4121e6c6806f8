using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Tests.Verbs;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("20ms", 20)]
    [InlineData("1.5s", 1500)]
    [InlineData("0s", 0)]
    [InlineData("2m", 120_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("1D", 86_400_000)]
    [InlineData("500us", 0.5)]
    public void A_duration_is_a_number_and_a_unit(string text, double milliseconds)
        => Assert.Equal(milliseconds, Quantity.Duration(text).TotalMilliseconds);

    [Theory]
    [InlineData("")]
    [InlineData("20")]
    [InlineData("ms")]
    [InlineData("-5s")]
    [InlineData("5 s")]
    [InlineData("1e3s")]
    [InlineData("NaNs")]
    [InlineData("1,5s")]
    [InlineData("366d")]
    [InlineData("99999999999999999999h")]
    public void What_is_no_duration_says_how_to_write_one(string text)
    {
        var error = Assert.Throws<FormatException>(() => Quantity.Duration(text));
        Assert.Equal($"'{text}' is not a duration: write it like 20ms, 5s, 2m or 1h", error.Message);
    }

    [Theory]
    [InlineData("1%", 1)]
    [InlineData("0.5%", 0.5)]
    [InlineData("0%", 0)]
    [InlineData("100%", 100)]
    public void A_percentage_has_its_sign(string text, double percent) => Assert.Equal(percent, Quantity.Percentage(text));

    [Theory]
    [InlineData("1")]
    [InlineData("0.01")]
    [InlineData("101%")]
    [InlineData("-1%")]
    [InlineData("%")]
    public void What_is_no_percentage_is_refused(string text)
        => Assert.Contains("is not a percentage", Assert.Throws<FormatException>(() => Quantity.Percentage(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("10mbit", 10_000_000)]
    [InlineData("500kbit", 500_000)]
    [InlineData("1.5Gbit", 1_500_000_000)]
    [InlineData("1000bit", 1000)]
    public void A_rate_is_bits_a_second(string text, long bits) => Assert.Equal(bits, Quantity.BitRate(text));

    [Theory]
    [InlineData("10")]
    [InlineData("10mb")]
    [InlineData("999bit")]
    [InlineData("0mbit")]
    public void What_is_no_rate_is_refused(string text)
        => Assert.Contains("is not a rate", Assert.Throws<FormatException>(() => Quantity.BitRate(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("127.0.0.1:4433")]
    [InlineData("[::1]:4433")]
    public void An_end_point_is_an_address_and_a_port(string text) => Assert.Equal(text, Quantity.EndPoint(text).ToString());

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("localhost:4433")]
    [InlineData("127.0.0.1:70000")]
    public void What_is_no_end_point_is_refused(string text)
        => Assert.Contains("is not an address and port", Assert.Throws<FormatException>(() => Quantity.EndPoint(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("chat.example.org:4433", "chat.example.org", 4433)]
    [InlineData("127.0.0.1:1", "127.0.0.1", 1)]
    [InlineData("[::1]:4433", "::1", 4433)]
    public void A_server_is_a_host_and_a_port(string text, string host, int port)
    {
        var server = Quantity.HostAndPort(text);
        Assert.Equal((host, port), (server.Host, server.Port));
    }

    [Theory]
    [InlineData("chat.example.org")]
    [InlineData("::1:4433")]
    [InlineData("[::1]")]
    [InlineData("host:0")]
    [InlineData("host:x")]
    [InlineData(":4433")]
    [InlineData("[host]:4433")]
    public void What_is_no_server_is_refused(string text)
        => Assert.Contains("is not a server", Assert.Throws<FormatException>(() => Quantity.HostAndPort(text)).Message, StringComparison.Ordinal);
}
