namespace QuicChat.Benchmarks.SignalR;

/// <summary>What the clients of one room share.</summary>
/// <param name="name">The room's name.</param>
internal sealed class PeerRoom(string name)
{
    private long _acknowledged;

    /// <summary>The room's name.</summary>
    public string Name => name;

    /// <summary>Messages that the server has acknowledged.</summary>
    public long Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>The server has acknowledged a message.</summary>
    public void OnAcknowledged() => Interlocked.Increment(ref _acknowledged);
}
