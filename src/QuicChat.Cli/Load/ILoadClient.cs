namespace QuicChat.Cli.Load;

/// <summary>One client of a load, in one room. Each publishes, listens, or both; which is its run's business.</summary>
internal interface ILoadClient : IAsyncDisposable
{
    /// <summary>Its number.</summary>
    int Index { get; }

    /// <summary>Messages that have arrived, each counted once.</summary>
    long Delivered { get; }

    /// <summary>Messages that are to arrive, as far as is known now.</summary>
    long Expected { get; }

    /// <summary>Arrivals of messages that were there already.</summary>
    long Duplicated { get; }

    /// <summary>Arrivals behind a message that follows them.</summary>
    long Reordered { get; }

    /// <summary>
    /// Whether a path change is yet to be told as ended by a server that tells such, of a client whose traffic lets it notice.
    /// </summary>
    bool IsChanging { get; }

    /// <summary>Publishes a message; completes when it is acknowledged, or never will be.</summary>
    /// <param name="due">When it was due, in microseconds since the run's start.</param>
    /// <returns>Whether it was acknowledged.</returns>
    Task<bool> PublishAsync(long due);

    /// <summary>Changes its path. One that cannot be changed now is not counted as a change.</summary>
    /// <exception cref="Verbs.ToolException">It cannot be changed.</exception>
    Task MoveAsync();

    /// <summary>Others are cut off from now on, until then.</summary>
    void WatchOthers(long until);

    /// <summary>Arrivals are no longer waited for: one that has not got all by now is told as not back.</summary>
    void EndGaps();

    /// <summary>Stops reading, or goes on.</summary>
    void Stall(bool isOn);
}
