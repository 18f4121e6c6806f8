namespace QuicChat.Grains.Sessions;

/// <summary>How the keys of session tokens are kept.</summary>
public sealed class SessionKeyOptions
{
    /// <summary>
    /// 7 days until a key is replaced. It opens tokens for as long again, which is longer than any token lives, so a rotation costs nobody
    /// a session; and what one key seals stays far below what AES-GCM with random nonces allows (2^32 tokens).
    /// </summary>
    public TimeSpan RotateAfter { get; set; } = TimeSpan.FromDays(7);
}
