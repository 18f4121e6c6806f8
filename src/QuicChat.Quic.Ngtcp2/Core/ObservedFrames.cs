namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>
/// What a connection needs to know of the frames of its packets and ngtcp2 has no callback for: STOP_SENDING (RFC 9000, section 19.5), without whose error code a
/// writer would wait for credit that never comes, how many PATH_CHALLENGE (section 19.17) are to be answered, and which of this end's connection IDs the peer
/// needs no more (RETIRE_CONNECTION_ID, section 19.16).
/// </summary>
internal sealed class ObservedFrames
{
    public List<(long StreamId, ulong ErrorCode)> StopSending { get; } = [];

    public int PathChallenges { get; set; }

    /// <summary>Sequence numbers of connection IDs.</summary>
    public List<ulong> Retired { get; } = [];

    /// <summary>Reads a decrypted packet's frames up to the first that is malformed, which ngtcp2 closes the connection for.</summary>
    /// <param name="payload">The frames.</param>
    /// <param name="hideChallenges">Whether each PATH_CHALLENGE becomes PADDING, so that ngtcp2 does not see it.</param>
    public void Read(Span<byte> payload, bool hideChallenges = false)
    {
        ReadOnlySpan<byte> rest = payload;
        while (true)
        {
            var challenges = PathChallenges;
            var start = payload.Length - rest.Length;
            if (!TryReadFrame(ref rest))
            {
                return;
            }

            if (hideChallenges && PathChallenges != challenges)
            {
                payload[start..^rest.Length].Clear();
                PathChallenges = challenges;
            }
        }
    }

    // The layouts of RFC 9000, section 19, and RFC 9221, section 4.
    private bool TryReadFrame(ref ReadOnlySpan<byte> rest)
    {
        rest = rest.TrimStart((byte)0); // PADDING
        if (!TryRead(ref rest, out var type))
        {
            return false;
        }

        switch (type)
        {
            case 0x01 or 0x1e: // PING, HANDSHAKE_DONE
                return true;
            case 0x02 or 0x03: // ACK, with counts of ECN
                return TrySkipNumbers(ref rest, 2) && TryRead(ref rest, out var ranges) && ranges <= (ulong)rest.Length
                    && TrySkipNumbers(ref rest, 1 + (2 * (int)ranges) + (type == 0x03 ? 3 : 0));
            case 0x05: // STOP_SENDING
                if (!TryRead(ref rest, out var streamId) || !TryRead(ref rest, out var errorCode))
                {
                    return false;
                }

                StopSending.Add(((long)streamId, errorCode));
                return true;
            case 0x04: // RESET_STREAM
                return TrySkipNumbers(ref rest, 3);
            case 0x06: // CRYPTO
                return TrySkipNumbers(ref rest, 1) && TrySkipData(ref rest);
            case 0x07 or 0x31: // NEW_TOKEN, DATAGRAM
                return TrySkipData(ref rest);
            case >= 0x08 and <= 0x0f: // STREAM; without a length it fills the packet
                return (type & 2) != 0 && TrySkipNumbers(ref rest, (type & 4) != 0 ? 2 : 1) && TrySkipData(ref rest);
            case 0x11 or 0x15: // MAX_STREAM_DATA, STREAM_DATA_BLOCKED
                return TrySkipNumbers(ref rest, 2);
            case 0x10 or 0x12 or 0x13 or 0x14 or 0x16 or 0x17: // MAX_DATA, MAX_STREAMS, …_BLOCKED
                return TrySkipNumbers(ref rest, 1);
            case 0x18: // NEW_CONNECTION_ID, with a stateless reset token of 16 bytes
                return TrySkipNumbers(ref rest, 2) && TrySkipData(ref rest) && TrySkip(ref rest, 16);
            case 0x19: // RETIRE_CONNECTION_ID
                if (!TryRead(ref rest, out var sequence))
                {
                    return false;
                }

                Retired.Add(sequence);
                return true;
            case 0x1a: // PATH_CHALLENGE
                PathChallenges += rest.Length >= 8 ? 1 : 0;
                return TrySkip(ref rest, 8);
            case 0x1b: // PATH_RESPONSE
                return TrySkip(ref rest, 8);
            default: // CONNECTION_CLOSE, after which nothing counts; a DATAGRAM that fills the packet; unknown ones
                return false;
        }
    }

    // A variable-length integer (RFC 9000, section 16).
    private static bool TryRead(ref ReadOnlySpan<byte> rest, out ulong value)
    {
        value = 0;
        if (rest.IsEmpty)
        {
            return false;
        }

        var length = 1 << (rest[0] >> 6);
        if (rest.Length < length)
        {
            return false;
        }

        value = (ulong)rest[0] & 0x3f;
        for (var i = 1; i < length; i++)
        {
            value = value << 8 | rest[i];
        }

        rest = rest[length..];
        return true;
    }

    private static bool TrySkipNumbers(ref ReadOnlySpan<byte> rest, int count)
    {
        while (count-- > 0)
        {
            if (!TryRead(ref rest, out _))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TrySkipData(ref ReadOnlySpan<byte> rest) => TryRead(ref rest, out var length) && TrySkip(ref rest, length);

    private static bool TrySkip(ref ReadOnlySpan<byte> rest, ulong count)
    {
        if (count > (ulong)rest.Length)
        {
            return false;
        }

        rest = rest[(int)count..];
        return true;
    }
}
