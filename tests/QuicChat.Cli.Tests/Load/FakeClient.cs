using QuicChat.Cli.Load;

namespace QuicChat.Cli.Tests.Load;

/// <summary>A client of a load, without a network.</summary>
internal sealed class FakeClient : ILoadClient
{
    public int Index { get; init; }

    public long Delivered => 0;

    public long Expected => 0;

    public long Duplicated => 0;

    public long Reordered => 0;

    public bool IsChanging => Changing();

    /// <summary>Publishes; is given when the message was due.</summary>
    public Func<long, Task<bool>> Publish { get; init; } = _ => Task.FromResult(true);

    public Func<Task> Move { get; init; } = () => Task.CompletedTask;

    public Func<bool> Changing { get; init; } = () => false;

    public Task<bool> PublishAsync(long due) => Publish(due);

    public Task MoveAsync() => Move();

    public void WatchOthers(long until)
    {
    }

    public void EndGaps()
    {
    }

    public void Stall(bool isOn)
    {
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
