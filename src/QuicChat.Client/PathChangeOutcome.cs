namespace QuicChat.Client;

/// <summary>What became of a change of the client's network path.</summary>
public enum PathChangeOutcome
{
    /// <summary>The gateway hears the client from a new address; the path is being validated.</summary>
    Started,

    /// <summary>The new path works in both directions: the connection has migrated.</summary>
    Completed,

    /// <summary>The client is back on its old path: no migration took place.</summary>
    Reverted,

    /// <summary>The client went on to a third path first; that is an attempt of its own.</summary>
    Superseded,

    /// <summary>The gateway's engine cannot tell.</summary>
    Unknown,

    /// <summary>The new path did not work in time; the gateway gives the connection up.</summary>
    Failed,
}
