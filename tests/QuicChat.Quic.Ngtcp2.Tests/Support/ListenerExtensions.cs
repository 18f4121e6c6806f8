using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Ngtcp2.Driver;

namespace QuicChat.Quic.Ngtcp2.Tests.Support;

internal static class ListenerExtensions
{
    public static Ngtcp2Listener Ngtcp2(this IMultiplexedConnectionListener listener) => (Ngtcp2Listener)listener;

    /// <summary>Runs an action on the listener's thread.</summary>
    public static Task OnLoopAsync(this Ngtcp2Listener listener, Action action)
    {
        var task = new Task(action);
        Loop(listener).Post(task.RunSynchronously);
        return task;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_loop")]
    private static extern ref EventLoop Loop(Ngtcp2Listener listener);
}
