namespace QuicChat.Gateway.Identity;

/// <summary>What a session token is worth to the client that brings it.</summary>
internal enum SessionTokenState
{
    /// <summary>It names the connection that the client goes on from.</summary>
    Valid,

    /// <summary>It was valid; the client begins afresh.</summary>
    Expired,

    /// <summary>No gateway of this cluster has sealed it with a key that is still in force; the client begins afresh.</summary>
    Invalid,

    /// <summary>It was given to another user, or to another client ID.</summary>
    Foreign,
}
