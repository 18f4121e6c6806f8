namespace QuicChat.Cli.Load;

/// <summary>Whose paths change.</summary>
internal enum Movers
{
    /// <summary>Those of all clients.</summary>
    All,

    /// <summary>Those of clients that publish.</summary>
    Publishers,

    /// <summary>Those of clients that only listen.</summary>
    Listeners,

    /// <summary>Those of every other client.</summary>
    Half,
}
