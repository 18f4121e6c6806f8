using QuicChat.Abstractions.Rooms;

namespace QuicChat.Grains.Rooms;

/// <summary>A message in line for the log, and those who wait for it.</summary>
/// <param name="request">The message.</param>
/// <param name="call">The call that it came with.</param>
internal sealed class PendingPublish(PublishRequest request, PublishCall call)
{
    private readonly TaskCompletionSource<long> _offset = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PublishRequest Request { get; } = request;

    public (string UserId, string ClientId, long ClientSeq) Key => (Request.UserId, Request.ClientId, Request.ClientSeq);

    /// <summary>The offset, once it is stored.</summary>
    public Task<long> Offset => _offset.Task;

    public void Stored(long offset)
    {
        call.Store();
        _offset.SetResult(offset);
    }

    public void Failed(Exception error)
    {
        _offset.SetException(error);
        // Nobody may be waiting any more.
        _ = _offset.Task.Exception;
    }
}
