using System.Diagnostics;
using System.Security.Cryptography;

namespace QuicChat.Quic.Routing;

/// <summary>
/// Connection IDs that a load balancer, and any server of the pool, can route by (draft-ietf-quic-load-balancers-21): a first octet that names the configuration
/// and the length, then the server ID and a nonce, encrypted together where there is a key. For one thread at a time.
/// </summary>
public sealed class QuicLbConfiguration : IDisposable
{
    /// <summary>The highest configuration ID; the one above it means that an ID cannot be routed (section 3.1).</summary>
    public const byte MaxId = 6;

    /// <summary>Bytes of a key (section 5.4).</summary>
    public const int KeyLength = 16;

    private const int MinNonceLength = 4;

    // RFC 9000, section 17.2: at most 20 bytes.
    private const int MaxLength = 20;

    // Three bits of configuration ID.
    private const int IdShift = 5;
    private const byte LengthMask = 0x1f;

    private const int BlockLength = 16;

    private readonly Aes? _aes;

    /// <summary>A configuration.</summary>
    /// <param name="id">Its ID, 0 to <see cref="MaxId"/>: by it servers and load balancers tell old IDs from new ones while keys change.</param>
    /// <param name="serverIdLength">Bytes of a server ID, 1 to 15.</param>
    /// <param name="nonceLength">Bytes of a nonce, at least 4. Under one key no server may use a nonce twice.</param>
    /// <param name="key">16 bytes; empty, server IDs are there for all to read.</param>
    /// <exception cref="ArgumentOutOfRangeException">The draft allows no such configuration.</exception>
    public QuicLbConfiguration(byte id, int serverIdLength, int nonceLength, ReadOnlySpan<byte> key = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(id, MaxId);
        ArgumentOutOfRangeException.ThrowIfLessThan(serverIdLength, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(serverIdLength, 15);
        ArgumentOutOfRangeException.ThrowIfLessThan(nonceLength, MinNonceLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(serverIdLength + nonceLength, MaxLength - 1, nameof(nonceLength));
        if (key.Length is not (0 or KeyLength))
        {
            throw new ArgumentOutOfRangeException(nameof(key), key.Length, $"A key of connection IDs is {KeyLength} bytes long.");
        }

        Id = id;
        ServerIdLength = serverIdLength;
        Length = 1 + serverIdLength + nonceLength;
        if (!key.IsEmpty)
        {
            _aes = Aes.Create();
            _aes.SetKey(key);
        }
    }

    /// <summary>The configuration's ID.</summary>
    public byte Id { get; }

    /// <summary>Bytes of a server ID.</summary>
    public int ServerIdLength { get; }

    /// <summary>Bytes of a connection ID, its first octet counted.</summary>
    public int Length { get; }

    /// <summary>Whether server IDs can be read only with the key.</summary>
    public bool IsEncrypted => _aes is not null;

    /// <summary>Writes a connection ID.</summary>
    /// <param name="plaintext">The server ID and the nonce.</param>
    /// <param name="connectionId">Where to; <see cref="Length"/> bytes.</param>
    public void Encode(ReadOnlySpan<byte> plaintext, Span<byte> connectionId)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(plaintext.Length, Length - 1, nameof(plaintext));
        ArgumentOutOfRangeException.ThrowIfNotEqual(connectionId.Length, Length, nameof(connectionId));
        connectionId[0] = FirstOctet;
        var rest = connectionId[1..];
        plaintext.CopyTo(rest);
        if (_aes is null)
        {
            return;
        }

        if (rest.Length == BlockLength)
        {
            Encrypt(rest);
        }
        else
        {
            Scramble(rest, [1, 2, 3, 4]);
        }
    }

    /// <summary>Reads a connection ID.</summary>
    /// <param name="connectionId">Any, of a packet from anyone.</param>
    /// <param name="plaintext">The server ID and the nonce, <see cref="Length"/> - 1 bytes, where it is one of this configuration's.</param>
    /// <returns>Whether its first octet and length are this configuration's. Under a key all bytes are the ID of some server.</returns>
    public bool TryDecode(ReadOnlySpan<byte> connectionId, Span<byte> plaintext)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(plaintext.Length, Length - 1, nameof(plaintext));
        if (connectionId.Length != Length || connectionId[0] != FirstOctet)
        {
            return false;
        }

        connectionId[1..].CopyTo(plaintext);
        if (_aes is not null)
        {
            if (plaintext.Length == BlockLength)
            {
                Decrypt(plaintext);
            }
            else
            {
                Scramble(plaintext, [4, 3, 2, 1]);
            }
        }

        return true;
    }

    /// <inheritdoc />
    public void Dispose() => _aes?.Dispose();

    // All servers of a pool tell the length (section 3.2), so that the first octet also tells garbage apart.
    private byte FirstOctet => (byte)((Id << IdShift) | ((Length - 1) & LengthMask));

    // Section 5.4.2: a Feistel network over the two halves, of which an odd length gives each half a byte. Backwards, the same passes undo it.
    private void Scramble(Span<byte> text, ReadOnlySpan<byte> passes)
    {
        var half = (text.Length + 1) / 2;
        var isOdd = text.Length % 2 == 1;
        Span<byte> left = stackalloc byte[half];
        Span<byte> right = stackalloc byte[half];
        text[..half].CopyTo(left);
        text[^half..].CopyTo(right);
        if (isOdd)
        {
            left[^1] &= 0xf0;
            right[0] &= 0x0f;
        }

        Span<byte> block = stackalloc byte[BlockLength];
        foreach (var pass in passes)
        {
            // Odd passes change the right half, even ones the left.
            var from = pass % 2 == 1 ? left : right;
            var to = pass % 2 == 1 ? right : left;
            block.Clear();
            from.CopyTo(block);
            block[^2] = (byte)text.Length;
            block[^1] = pass;
            Encrypt(block);
            for (var i = 0; i < half; i++)
            {
                to[i] ^= block[i];
            }

            if (isOdd)
            {
                left[^1] &= 0xf0;
                right[0] &= 0x0f;
            }
        }

        left.CopyTo(text);
        if (isOdd)
        {
            right[0] |= left[^1];
        }

        right.CopyTo(text[^half..]);
    }

    private void Encrypt(Span<byte> block)
    {
        Span<byte> input = stackalloc byte[BlockLength];
        block.CopyTo(input);
        var written = _aes!.EncryptEcb(input, block, PaddingMode.None);
        Debug.Assert(written == BlockLength);
    }

    private void Decrypt(Span<byte> block)
    {
        Span<byte> input = stackalloc byte[BlockLength];
        block.CopyTo(input);
        var written = _aes!.DecryptEcb(input, block, PaddingMode.None);
        Debug.Assert(written == BlockLength);
    }
}
