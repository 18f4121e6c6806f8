namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>What a client's first packet proves of the client's address (RFC 9000, section 8.1).</summary>
/// <param name="Kind">By what.</param>
/// <param name="OriginalDcid">After a Retry, the destination ID of the client's very first packet, which the server must name (section 7.3).</param>
internal readonly record struct AddressProof(AddressProofKind Kind, Interop.Ngtcp2.Cid OriginalDcid = default);

/// <summary>By what a client's address is proven.</summary>
internal enum AddressProofKind
{
    /// <summary>Nothing is proven.</summary>
    None,

    /// <summary>The token of a Retry packet.</summary>
    Retry,

    /// <summary>The token of an earlier connection.</summary>
    NewToken,

    /// <summary>A token that looks like one of a Retry packet and is not good here: its client would follow no other Retry (section 8.1.2).</summary>
    Invalid,
}
