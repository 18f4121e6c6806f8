using QuicChat.Quic.Routing;

namespace QuicChat.Fuzz.Targets;

/// <summary>Connection IDs that can be routed by: whatever is read is written the same way again, and the reverse.</summary>
internal sealed class ConnectionIdTarget : IFuzzTarget
{
    private const int MaxLength = 19;

    public IEnumerable<byte[]> Seeds
        => [[0, 3, 12, 0, .. Enumerable.Repeat((byte)7, 40)], [1, 4, 6, 1, .. Enumerable.Repeat((byte)9, 40)], [6, 15, 4, 1, .. Enumerable.Repeat((byte)1, 40)]];

    public void Run(ReadOnlySpan<byte> input)
    {
        var choices = new FuzzInput(input);
        var id = (byte)choices.Below(QuicLbConfiguration.MaxId + 1);
        var serverLength = 1 + choices.Below(15);
        var nonceLength = Math.Min(4 + choices.Below(15), MaxLength - serverLength);
        var key = new byte[(choices.Byte() & 1) * QuicLbConfiguration.KeyLength];
        choices.Bytes(key.Length).CopyTo(key);
        using var configuration = new QuicLbConfiguration(id, serverLength, nonceLength, key);

        var plaintext = new byte[configuration.Length - 1];
        choices.Bytes(plaintext.Length).CopyTo(plaintext);
        var (written, read) = (new byte[configuration.Length], new byte[plaintext.Length]);
        configuration.Encode(plaintext, written);
        FindingException.ThrowUnless(configuration.TryDecode(written, read) && read.AsSpan().SequenceEqual(plaintext), "An ID reads otherwise than it was written.");

        var any = choices.Rest();
        if (!configuration.TryDecode(any, read))
        {
            // With the first octet that this configuration's have.
            any = (byte[])[written[0], .. any[Math.Min(1, any.Length)..]];
            FindingException.ThrowUnless(
                configuration.TryDecode(any, read) == (any.Length == configuration.Length), "The length decides where the first octet is right.");
        }

        if (any.Length == configuration.Length)
        {
            configuration.Encode(read, written);
            FindingException.ThrowUnless(any.SequenceEqual(written), "An ID is written otherwise than it was read.");
        }
    }

    public void Dispose()
    {
    }
}
