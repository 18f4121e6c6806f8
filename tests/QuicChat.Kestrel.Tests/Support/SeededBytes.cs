using System.Security.Cryptography;

namespace QuicChat.Kestrel.Tests.Support;

/// <summary>Bytes that a seed tells, as many as one likes, in pieces of 64 KiB.</summary>
internal static class SeededBytes
{
    private const int PieceLength = 64 * 1024;

    public static IEnumerable<ReadOnlyMemory<byte>> Pieces(long length, int seed)
    {
        var random = new Random(seed);
        var piece = new byte[PieceLength];
        for (; length > 0; length -= PieceLength)
        {
            random.NextBytes(piece);
            yield return piece.AsMemory(0, (int)Math.Min(length, PieceLength));
        }
    }

    public static string Hash(long length, int seed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var piece in Pieces(length, seed))
        {
            hash.AppendData(piece.Span);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
