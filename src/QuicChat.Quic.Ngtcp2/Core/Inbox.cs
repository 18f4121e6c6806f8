using System.Diagnostics.CodeAnalysis;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>
/// What any thread hands to the driver's. A ConcurrentQueue takes 770 bytes even while it is empty, and each connection has two of them.
/// </summary>
internal sealed class Inbox<T>
{
    private readonly Queue<T> _items = new();

    public void Add(T item)
    {
        lock (_items)
        {
            _items.Enqueue(item);
        }
    }

    public bool TryTake([MaybeNullWhen(false)] out T item)
    {
        lock (_items)
        {
            return _items.TryDequeue(out item);
        }
    }
}
