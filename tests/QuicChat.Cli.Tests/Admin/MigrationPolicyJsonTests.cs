using System.Text;
using QuicChat.Abstractions.Policies;

namespace QuicChat.Cli.Tests.Admin;

public sealed class MigrationPolicyJsonTests
{
    [Fact]
    public void What_is_not_there_is_not_restricted() => Assert.Equal(MigrationPolicy.Open, Parse("{}"));

    [Fact]
    public void A_policy_survives_being_written_and_read()
    {
        var policy = new MigrationPolicy(["10.0.0.0/8", "2001:db8::/32"], ["10.1.0.0/16"], ["10.2.0.0/16"], false, 12);
        Assert.Equal(policy, Parse(MigrationPolicyJson.Format(policy)));
        Assert.Equal(MigrationPolicy.Open, Parse(MigrationPolicyJson.Format(MigrationPolicy.Open)));
        Assert.Null(policy.Validate());
    }

    [Fact]
    public void Comments_trailing_commas_and_a_byte_order_mark_are_no_errors()
        => Assert.Equal(
            MigrationPolicy.Open with { DeniedNetworks = ["10.0.0.0/8"] },
            Parse("\uFEFF{ // the old office\n \"deniedNetworks\": [\"10.0.0.0/8\",], /* ok */ }"));

    [Theory]
    [InlineData("", 1, "nothing is there; a policy is an object: { … }")]
    [InlineData("[]", 1, "a policy is an object: { … }")]
    [InlineData("{\n \"deniedNetwork\": []\n}", 2, "'deniedNetwork' is unknown; there are allowedNetworks, deniedNetworks, preferredNetworks, allowFamilyChange and maxMigrationsPerMinute")]
    [InlineData("{\n \"deniedNetworks\": [\n \"10.0.0.0/8\",\n \"10.0.0.0/33\"]}", 4, "deniedNetworks: '10.0.0.0/33' is not a network such as 10.0.0.0/8 or 2001:db8::/32")]
    [InlineData("{\"deniedNetworks\": [1]}", 1, "deniedNetworks lists networks as strings such as \"10.0.0.0/8\"")]
    [InlineData("{\"deniedNetworks\": \"10.0.0.0/8\"}", 1, "deniedNetworks is a list: [\"10.0.0.0/8\", …]")]
    [InlineData("{\n\n\"allowFamilyChange\": 1}", 3, "allowFamilyChange is true or false")]
    [InlineData("{\"maxMigrationsPerMinute\": 0}", 1, "maxMigrationsPerMinute is a whole number from 1 to 1000, or null for any number")]
    [InlineData("{\"deniedNetworks\": [\n\"::ffff:10.0.0.0/104\"]}", 2, "deniedNetworks: '::ffff:10.0.0.0/104' is not a network such as 10.0.0.0/8 or 2001:db8::/32")]
    [InlineData("{\n\"deniedNetworks\": [\"\\ud800\"]}", 2, "a string here is not Unicode text")]
    [InlineData("{\"maxMigrationsPerMinute\": 5,\n\"maxMigrationsPerMinute\": 6}", 2, "'maxMigrationsPerMinute' stands here twice")]
    [InlineData("{} {}", 1, "this is not JSON ('{' is invalid after a single JSON value. Expected end of data)")]
    [InlineData("{\"deniedNetworks\": [\"127/8\"]}", 1, "deniedNetworks: '127/8' is not a network such as 10.0.0.0/8 or 2001:db8::/32")]
    [InlineData("{\"deniedNetworks\": [\"010.0.0.0/8\"]}", 1, "deniedNetworks: '010.0.0.0/8' is not a network such as 10.0.0.0/8 or 2001:db8::/32")]
    [InlineData("{\"deniedNetworks\": [\"0x7f000002/32\"]}", 1, "deniedNetworks: '0x7f000002/32' is not a network such as 10.0.0.0/8 or 2001:db8::/32")]
    [InlineData("{\"deniedNetworks\": [\"fe80::%1/64\"]}", 1, "deniedNetworks: 'fe80::%1/64' is not a network such as 10.0.0.0/8 or 2001:db8::/32")]
    [InlineData("{\"deniedNetworks\": [\"10.1.2.3/8\"]}", 1, "deniedNetworks: '10.1.2.3/8' has bits beyond its prefix; did you mean 10.0.0.0/8, or 10.1.2.3/32?")]
    [InlineData("{\"deniedNetworks\": [\"2001:db8::1/32\"]}", 1, "deniedNetworks: '2001:db8::1/32' has bits beyond its prefix; did you mean 2001:db8::/32, or 2001:db8::1/128?")]
    public void An_error_names_its_line(string text, long line, string reason)
    {
        var error = Assert.Throws<MigrationPolicyException>(() => Parse(text));
        Assert.Equal((line, $"line {line}: {reason}"), (error.Line, error.Message));
    }

    private static MigrationPolicy Parse(string text) => MigrationPolicyJson.Parse(Encoding.UTF8.GetBytes(text));
}
