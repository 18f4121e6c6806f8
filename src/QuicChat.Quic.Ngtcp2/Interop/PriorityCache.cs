namespace QuicChat.Quic.Ngtcp2.Interop;

/// <summary>The parsed list of TLS algorithms: one a process, since parsing it costs as much as a good part of a handshake.</summary>
internal static unsafe class PriorityCache
{
    private static readonly Lazy<nint> Parsed = new(Parse);

    public static nint Value => Parsed.Value;

    private static nint Parse()
    {
        nint priority;
        Gnutls.Check(Gnutls.PriorityInit(&priority, Gnutls.Priorities, null), "The TLS priorities are not understood");
        return priority;
    }
}
