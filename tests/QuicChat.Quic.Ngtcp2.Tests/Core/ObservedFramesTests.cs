using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Ngtcp2.Core;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

public sealed class ObservedFramesTests
{
    // STOP_SENDING of stream 4 with the code 6, in hex.
    private const string Stop = "050406";

    [Theory]
    [InlineData("")]
    [InlineData("0000000000")] // PADDING
    [InlineData("01")] // PING
    [InlineData("020a000100" + "0203")] // ACK with a second range
    [InlineData("030a000000" + "010203")] // ACK with ECN counts
    [InlineData("04044001" + "4100")] // RESET_STREAM
    [InlineData("0600" + "03050406")] // CRYPTO, whose data look like a STOP_SENDING
    [InlineData("0702" + "0505")] // NEW_TOKEN
    [InlineData("0a0402" + "abcd")] // STREAM with a length
    [InlineData("0f044064" + "02abcd")] // STREAM with an offset, a length and FIN
    [InlineData("108000ffff")] // MAX_DATA
    [InlineData("1104c000000000000001")] // MAX_STREAM_DATA
    [InlineData("1205" + "1305" + "1405" + "1604" + "1704")] // limits and blocked ones of one number
    [InlineData("150405")] // STREAM_DATA_BLOCKED
    [InlineData("180100" + "0401020304" + "000102030405060708090a0b0c0d0e0f")] // NEW_CONNECTION_ID
    [InlineData("1901")] // RETIRE_CONNECTION_ID
    [InlineData("1a0001020304050607" + "1b0001020304050607")] // PATH_CHALLENGE, PATH_RESPONSE
    [InlineData("1e")] // HANDSHAKE_DONE
    [InlineData("3103050406")] // DATAGRAM with a length
    public void A_frame_is_found_behind_any_other(string before)
    {
        Assert.Equal([(4, 6)], Find(before + Stop));
        Assert.Equal([(4, 6), (4, 6)], Find(Stop + before + Stop));
    }

    [Theory]
    [InlineData("0904" + Stop)] // STREAM without a length fills the packet
    [InlineData("30" + Stop)] // DATAGRAM without one, too
    [InlineData("1c000000" + Stop)] // CONNECTION_CLOSE
    [InlineData("1d0000" + Stop)]
    [InlineData("4fff" + Stop)] // no frame of this version
    public void Nothing_is_found_behind_a_packets_end(string before) => Assert.Empty(Find(before));

    [Fact]
    public void Integers_of_every_length_are_read()
        => Assert.Equal(
            [(4, 64), (0x3fff_ffff, (1UL << 62) - 1)],
            Find("05" + "04" + "4040" + "05" + "bfffffff" + "ffffffffffffffff"));

    [Fact]
    public void Path_challenges_are_counted()
    {
        var observed = new ObservedFrames();
        observed.Read(Convert.FromHexString("1a0001020304050607" + "01" + "1b0001020304050607" + "1a0001020304050607" + "1a000102"));
        Assert.Equal(2, observed.PathChallenges);
    }

    [Fact]
    public void Hidden_challenges_become_padding_and_are_not_counted()
    {
        var observed = new ObservedFrames();
        var payload = Convert.FromHexString("01" + "1a0001020304050607" + "1b0001020304050607" + "00" + "1a0001020304050607" + "01" + "1a000102");
        observed.Read(payload, hideChallenges: true);
        Assert.Equal("01" + "000000000000000000" + "1b0001020304050607" + "00" + "000000000000000000" + "01" + "1a000102", Convert.ToHexStringLower(payload));
        Assert.Equal(0, observed.PathChallenges);
    }

    [Fact]
    public void Retired_connection_IDs_are_told()
    {
        var observed = new ObservedFrames();
        observed.Read(Convert.FromHexString("1905" + "01" + "194123" + "19"));
        Assert.Equal([5UL, 0x123UL], observed.Retired);
    }

    [Fact]
    public void Malformed_frames_end_the_search()
    {
        var random = new Random(Seeds.New());
        var observed = new ObservedFrames();
        for (var i = 0; i < 200_000; i++)
        {
            var payload = new byte[random.Next(40)];
            random.NextBytes(payload);
            if (payload.Length > 0)
            {
                payload[0] = (byte)random.Next(0x32);
            }

            observed.Read(payload);
        }
    }

    private static List<(long StreamId, ulong ErrorCode)> Find(string hex)
    {
        var observed = new ObservedFrames();
        observed.Read(Convert.FromHexString(hex));
        return observed.StopSending;
    }
}
