using Microsoft.Extensions.Logging;
using QuicChat.Quic.Ngtcp2.Core;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>The thread of all client connections of the process; it runs while there are any.</summary>
internal static class ClientLoop
{
    private static readonly Lock Gate = new();
    private static EventLoop? _loop;
    private static Task _ended = Task.CompletedTask;
    private static int _users;

    /// <summary>The send and receive memory of all clients.</summary>
    public static PinnedBlockPool Pool { get; } = new();

    /// <summary>Completes when all clients have ended, closing periods included, and the thread with them.</summary>
    public static Task Ended
    {
        get
        {
            lock (Gate)
            {
                return _ended;
            }
        }
    }

    public static EventLoop Acquire(ILogger logger)
    {
        lock (Gate)
        {
            _loop ??= new EventLoop("quic clients", logger);
            _ended = _loop.Ended;
            _users++;
            return _loop;
        }
    }

    public static void Release()
    {
        lock (Gate)
        {
            if (--_users == 0)
            {
                // The thread that gives up the last connection may be the loop's own: it is stopped, not waited for.
                _loop!.Stop();
                _loop = null;
            }
        }
    }
}
