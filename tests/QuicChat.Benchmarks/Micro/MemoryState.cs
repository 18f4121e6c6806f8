namespace QuicChat.Benchmarks.Micro;

/// <summary>A grain's state that is in memory alone, so that writing it costs nothing.</summary>
internal sealed class MemoryState<T>(T state) : IPersistentState<T>
{
    /// <inheritdoc />
    public T State { get; set; } = state;

    /// <inheritdoc />
    public string? Etag => null;

    /// <inheritdoc />
    public bool RecordExists => false;

    /// <inheritdoc />
    public Task ClearStateAsync() => Task.CompletedTask;

    /// <inheritdoc />
    public Task WriteStateAsync() => Task.CompletedTask;

    /// <inheritdoc />
    public Task ReadStateAsync() => Task.CompletedTask;
}
