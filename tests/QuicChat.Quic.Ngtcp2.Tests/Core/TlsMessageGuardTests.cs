using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Ngtcp2.Core;
using Xunit;
using Native = QuicChat.Quic.Ngtcp2.Interop.Ngtcp2;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

public sealed class TlsMessageGuardTests
{
    private static readonly int[] Levels = [Native.EncryptionLevelInitial, Native.EncryptionLevelHandshake, Native.EncryptionLevel1Rtt];

    [Theory]
    [InlineData(true, Native.EncryptionLevelInitial, "1")]
    [InlineData(true, Native.EncryptionLevelHandshake, "20")]
    [InlineData(true, Native.EncryptionLevel1Rtt, "")]
    [InlineData(false, Native.EncryptionLevelInitial, "2")]
    [InlineData(false, Native.EncryptionLevelHandshake, "8 11 13 15 20")]
    [InlineData(false, Native.EncryptionLevel1Rtt, "4")]
    public void Only_messages_that_are_due_at_a_level_pass(bool isServer, int level, string types)
    {
        var due = types.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(byte.Parse).ToHashSet();
        for (var type = 0; type < 256; type++)
        {
            Assert.Equal(due.Contains((byte)type), new TlsMessageGuard().Admits(isServer, level, [(byte)type, 0, 0, 0]));
            Assert.Equal(due.Contains((byte)type), new TlsMessageGuard().Admits(isServer, level, [(byte)type]));
        }
    }

    [Fact]
    public void No_message_passes_at_a_level_that_is_not_one()
    {
        Assert.False(new TlsMessageGuard().Admits(true, 3, [1]));
        Assert.False(new TlsMessageGuard().Admits(false, -1, [2]));
    }

    [Fact]
    public void Messages_in_pieces_of_any_size_are_judged_as_the_whole()
    {
        var random = new Random(Seeds.New());
        for (var round = 0; round < 500; round++)
        {
            List<byte> stream = [];
            var bad = random.Next(2) == 0;
            var messages = random.Next(1, 6);
            for (var i = 0; i < messages; i++)
            {
                var body = new byte[random.Next(4) == 0 ? random.Next(70_000) : random.Next(8)];
                random.NextBytes(body);
                stream.AddRange([(byte)(bad && i == messages - 1 ? 24 : 4), (byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, .. body]);
            }

            var bytes = stream.ToArray();
            var guard = new TlsMessageGuard();
            var admitted = true;
            for (var i = 0; i < bytes.Length && admitted;)
            {
                var length = Math.Min(random.Next(3) == 0 ? 1 : random.Next(0, 2000), bytes.Length - i);
                admitted = guard.Admits(false, Native.EncryptionLevel1Rtt, bytes.AsSpan(i, length));
                i += length;
            }

            Assert.Equal(!bad, admitted);
        }
    }

    [Fact]
    public void Levels_are_read_apart()
    {
        var guard = new TlsMessageGuard();
        Assert.True(guard.Admits(false, Native.EncryptionLevelInitial, [2, 0, 0]));
        Assert.True(guard.Admits(false, Native.EncryptionLevelHandshake, [8, 0, 0, 1]));
        Assert.True(guard.Admits(false, Native.EncryptionLevelInitial, [1, 99]));
        Assert.True(guard.Admits(false, Native.EncryptionLevelHandshake, [99, 20, 0, 0, 0]));
        Assert.All(Levels, level => Assert.False(guard.Admits(false, level, [24])));
    }
}
