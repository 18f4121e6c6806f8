using System.Threading.Channels;

namespace QuicChat.Client;

/// <summary>What has arrived and has not been read by the application yet, in order and bounded.</summary>
/// <typeparam name="T">Messages, or messages and gaps.</typeparam>
/// <param name="capacity">How many are held.</param>
/// <param name="mayExceed">Whether up to eight times as many may be held now, since an answer that the application waits for comes behind them.</param>
internal sealed class MessageBuffer<T>(int capacity, Func<bool> mayExceed)
    where T : class
{
    private const int ExceedFactor = 8;

    private readonly Channel<T> _messages = Channel.CreateUnbounded<T>(new() { SingleWriter = true });
    private readonly SemaphoreSlim _changed = new(0);
    private int _unread;
    private int _isHeld;
    private volatile bool _isCompleted;

    /// <summary>Waits until there is room, then adds a message; behind the end it is dropped.</summary>
    public async ValueTask AddAsync(T message, CancellationToken cancellationToken)
    {
        while (IsFull())
        {
            Volatile.Write(ref _isHeld, 1);
            // What changed before the mark was seen is looked at once more.
            if (IsFull())
            {
                await _changed.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        Interlocked.Increment(ref _unread);
        _messages.Writer.TryWrite(message);
    }

    /// <summary>Lets <see cref="AddAsync"/> look again whether it may go on.</summary>
    public void Changed()
    {
        if (Interlocked.Exchange(ref _isHeld, 0) == 1)
        {
            _changed.Release();
        }
    }

    /// <summary>No more messages; the reader ends behind those that are there, with <paramref name="failure"/> if there is one.</summary>
    public void Complete(Exception? failure)
    {
        _isCompleted = true;
        _messages.Writer.TryComplete(failure);
        Changed();
    }

    /// <summary>Waits for the next message.</summary>
    /// <returns>The message, or <see langword="null"/> at the end.</returns>
    public async ValueTask<T?> TakeAsync(CancellationToken cancellationToken)
    {
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_messages.Reader.TryRead(out var message))
            {
                Interlocked.Decrement(ref _unread);
                Changed();
                return message;
            }
        }
        while (await _messages.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false));

        return null;
    }

    private bool IsFull()
    {
        var unread = Volatile.Read(ref _unread);
        return unread >= capacity && !_isCompleted && (unread >= capacity * ExceedFactor || !mayExceed());
    }
}
