using Microsoft.Extensions.Logging;
using QuicChat.Quic.Ngtcp2.Core;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>The thread of all client connections of the process; it runs while there are any.</summary>
internal static class ClientLoop
{
    private static readonly Lock s_lock = new();
    private static EventLoop? s_loop;
    private static Task s_ended = Task.CompletedTask;
    private static int s_users;

    /// <summary>The send and receive memory of all clients.</summary>
    public static PinnedBlockPool Pool { get; } = new();

    /// <summary>Completes when all clients have ended, closing periods included, and the thread with them.</summary>
    public static Task Ended
    {
        get
        {
            lock (s_lock)
            {
                return s_ended;
            }
        }
    }

    public static EventLoop Acquire(ILogger logger)
    {
        lock (s_lock)
        {
            s_loop ??= new EventLoop("quic clients", logger);
            s_ended = s_loop.Ended;
            s_users++;
            return s_loop;
        }
    }

    public static void Release()
    {
        lock (s_lock)
        {
            if (--s_users == 0)
            {
                // The thread that gives up the last connection may be the loop's own: it is stopped, not waited for.
                s_loop!.Stop();
                s_loop = null;
            }
        }
    }
}
