namespace QuicChat.Cli.Load;

/// <summary>How a client's path changes.</summary>
internal enum ChangeKind
{
    /// <summary>A NAT between takes another port; the client does not know.</summary>
    Nat,

    /// <summary>As before, and another address.</summary>
    Address,

    /// <summary>The client moves to another address by its own will.</summary>
    Active,

    /// <summary>Nothing changes, and gaps are taken as if it had: what the machine alone makes of them.</summary>
    None,
}
