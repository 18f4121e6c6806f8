namespace QuicChat.Quic.Paths;

/// <summary>How soon a silent connection sends a PING (RFC 9000, section 10.1.2).</summary>
public interface IConnectionKeepAliveFeature
{
    /// <summary>
    /// After how much silence in both directions a PING is sent; <see cref="Timeout.InfiniteTimeSpan"/> sends none. It can be changed at any time.
    /// </summary>
    TimeSpan KeepAliveInterval { get; set; }
}
