using QuicChat.Gateway.Hosting;
using QuicChat.Quic.Certificates;

namespace QuicChat.Gateway.Sessions;

/// <summary>The key that development tokens are signed with.</summary>
internal sealed class TokenKey(byte[] bytes)
{
    /// <summary>32: HS256 asks for no fewer (RFC 7518, section 3.2).</summary>
    public const int Length = 32;

    /// <summary>The key.</summary>
    public byte[] Bytes { get; } = bytes;

    /// <summary>Loads the key from a file of Base64.</summary>
    /// <exception cref="GatewayStartException">It cannot be read, or is no key.</exception>
    public static TokenKey Load(string file)
    {
        string text;
        try
        {
            text = File.ReadAllText(file);
        }
        catch (Exception e) when (FileProblem.IsOne(e))
        {
            throw new GatewayStartException(
                $"The token key file '{file}' cannot be read: {FileProblem.Describe(file, e)}. Give one with --token-key FILE.", e);
        }

        Span<byte> bytes = stackalloc byte[Length + 1];
        return Convert.TryFromBase64String(text.Trim(), bytes, out var length) && length == Length
            ? new TokenKey(bytes[..Length].ToArray())
            : throw new GatewayStartException(
                $"The token key file '{file}' does not hold {Length} bytes of Base64; 'openssl rand -base64 {Length}' makes some.");
    }

    /// <summary>Never the key.</summary>
    public override string ToString() => "(secret)";
}
