using System.Security.Cryptography;
using QuicChat.Quic.Routing;
using Xunit;

namespace QuicChat.Quic.Tests.Routing;

public sealed class QuicLbConfigurationTests
{
    private const string Key = "8f95f09245765f80256934e50c66207f";

    // draft-ietf-quic-load-balancers-21: appendix B, but for its second plaintext vector, whose fields are misprinted, and the example of section 5.4.2.
    [Theory]
    [InlineData(0, "c4605e", "4504cc4f", "", "07c4605e4504cc4f")]
    [InlineData(0, "ed793a", "ee080dbf", Key, "0720b1d07b359d3c")]
    [InlineData(1, "ed793a51d49b8f5fab65", "ee080dbf48", Key, "2fcc381bc74cb4fbad2823a3d1f8fed2")]
    [InlineData(2, "ed793a51d49b8f5f", "ee080dbf48c0d1e5", Key, "504dd2d05a7b0de9b2b9907afb5ecf8cc3")]
    [InlineData(0, "ed793a51d49b8f5fab", "ee080dbf48c0d1e55d", Key, "125779c9cc86beb3a3a4a3ca96fce4bfe0cdbc")]
    [InlineData(0, "31441a", "9c69c275", "fdf726a9893ec05c0632d3956680baf0", "0767947d29be054a")]
    public void The_drafts_vectors_hold(byte id, string serverId, string nonce, string key, string connectionId)
    {
        using var configuration = new QuicLbConfiguration(id, serverId.Length / 2, nonce.Length / 2, Convert.FromHexString(key));
        var encoded = new byte[configuration.Length];
        configuration.Encode(Convert.FromHexString(serverId + nonce), encoded);
        Assert.Equal(connectionId, Convert.ToHexStringLower(encoded));

        var decoded = new byte[configuration.Length - 1];
        Assert.True(configuration.TryDecode(encoded, decoded));
        Assert.Equal(serverId + nonce, Convert.ToHexStringLower(decoded));
    }

    [Fact]
    public void What_was_encoded_is_decoded_whatever_the_lengths()
    {
        for (var serverIdLength = 1; serverIdLength <= 15; serverIdLength++)
        {
            for (var nonceLength = 4; serverIdLength + nonceLength <= 19; nonceLength++)
            {
                using var configuration = new QuicLbConfiguration(6, serverIdLength, nonceLength, RandomNumberGenerator.GetBytes(16));
                var plaintext = RandomNumberGenerator.GetBytes(configuration.Length - 1);
                var encoded = new byte[configuration.Length];
                configuration.Encode(plaintext, encoded);
                var decoded = new byte[plaintext.Length];
                Assert.True(configuration.TryDecode(encoded, decoded));
                Assert.Equal(plaintext, decoded);
                Assert.NotEqual(plaintext, encoded[1..]);
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("504dd2d05a7b0de9b2b9907afb5ecf8c")]
    [InlineData("504dd2d05a7b0de9b2b9907afb5ecf8cc3c3")]
    [InlineData("304dd2d05a7b0de9b2b9907afb5ecf8cc3")]
    [InlineData("f04dd2d05a7b0de9b2b9907afb5ecf8cc3")]
    [InlineData("514dd2d05a7b0de9b2b9907afb5ecf8cc3")]
    public void What_is_of_another_length_or_configuration_is_not_decoded(string connectionId)
    {
        using var configuration = new QuicLbConfiguration(2, 8, 8, Convert.FromHexString(Key));

        Assert.False(configuration.TryDecode(Convert.FromHexString(connectionId), new byte[16]));
    }

    [Theory]
    [InlineData(7, 4, 12, 16)]
    [InlineData(0, 0, 12, 16)]
    [InlineData(0, 16, 4, 16)]
    [InlineData(0, 4, 3, 16)]
    [InlineData(0, 10, 10, 16)]
    [InlineData(0, 4, 12, 15)]
    public void What_the_draft_does_not_allow_is_refused(byte id, int serverIdLength, int nonceLength, int keyLength)
        => Assert.Throws<ArgumentOutOfRangeException>(() => new QuicLbConfiguration(id, serverIdLength, nonceLength, new byte[keyLength]));
}
