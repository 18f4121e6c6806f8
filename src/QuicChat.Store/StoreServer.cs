using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace QuicChat.Store;

/// <summary>A running store.</summary>
public sealed class StoreServer : IDisposable
{
    private readonly DirectoryLock _lock;
    private readonly DurableGarnet _garnet;

    private StoreServer(DirectoryLock directoryLock, DurableGarnet garnet, IPEndPoint endPoint)
    {
        _lock = directoryLock;
        _garnet = garnet;
        EndPoint = endPoint;
    }

    /// <summary>Where clients reach the store.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Recovers what the directory holds, takes a checkpoint, and serves.</summary>
    /// <exception cref="StoreException">The directory or the port cannot be had, or the data cannot be recovered.</exception>
    public static StoreServer Start(StoreOptions options, ILoggerFactory loggers)
    {
        var endPoint = new IPEndPoint(options.Address, options.Port);
        // Asked before recovery, which may take a while and is in vain where the port is taken.
        endPoint = FindPort(endPoint);
        var directoryLock = DirectoryLock.Take(options.Directory);
        DurableGarnet? garnet = null;
        try
        {
            garnet = DurableGarnet.Create(options.Directory, endPoint, loggers);
            garnet.Start();
            return new StoreServer(directoryLock, garnet, endPoint);
        }
        catch (Exception error)
        {
            garnet?.Dispose();
            directoryLock.Dispose();
            throw error switch
            {
                StoreException => error,
                SocketException socket => NotBound(endPoint, socket),
                _ => new StoreException(
                    $"Cannot recover the data in {options.Directory.FullName} ({error.Message.ReplaceLineEndings(" ").TrimEnd('.')}); "
                    + "restore it from a copy, or choose another directory with --data.", error),
            };
        }
    }

    /// <summary>Stops serving. All that was acknowledged is on disk already.</summary>
    public void Dispose()
    {
        _garnet.Dispose();
        _lock.Dispose();
    }

    private static IPEndPoint FindPort(IPEndPoint endPoint)
    {
        try
        {
            using var probe = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            probe.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            probe.Bind(endPoint);
            probe.Listen(1);
            return (IPEndPoint)probe.LocalEndPoint!;
        }
        catch (SocketException error)
        {
            throw NotBound(endPoint, error);
        }
    }

    private static StoreException NotBound(IPEndPoint endPoint, SocketException error)
        => error.SocketErrorCode == SocketError.AddressAlreadyInUse
            ? new StoreException(
                $"Port {endPoint.Port} of {endPoint.Address} is taken; stop what uses it, or choose another with --port (0 takes a free one).",
                error)
            : new StoreException($"Cannot listen on {endPoint} ({error.Message}); choose another address with --bind.", error);
}
