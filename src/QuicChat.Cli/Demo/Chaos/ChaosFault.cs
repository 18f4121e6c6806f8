namespace QuicChat.Cli.Demo.Chaos;

/// <summary>What can be broken.</summary>
internal enum ChaosFault
{
    /// <summary>Every client's path changes every 2 s for a while; then a third of the clients lose their network until they have given it up.</summary>
    Paths,

    /// <summary>Datagrams are lost, delayed, reordered and duplicated from beginning to end, whatever else is broken.</summary>
    Network,

    /// <summary>A gateway process is killed, and then the other.</summary>
    Gateway,

    /// <summary>The silo process with the most rooms is killed, and then the other.</summary>
    Silo,

    /// <summary>The store process is killed three times.</summary>
    Store,
}
