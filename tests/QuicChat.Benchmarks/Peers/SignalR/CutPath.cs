using System.Net;
using System.Net.Sockets;

namespace QuicChat.Benchmarks.SignalR;

/// <summary>
/// A client's way to the server, which a change of network cuts: connections of before are cut, new ones go through. A TCP connection cannot
/// change its addresses, so this is all that a roaming client of TCP has.
/// </summary>
internal sealed class CutPath
{
    private readonly Lock _gate = new();
    private readonly List<CutStream> _streams = [];
    private TaskCompletionSource? _back;

    /// <summary>Connects; to be a handler's <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        // As a SYN that is sent again until it comes through.
        if (Volatile.Read(ref _back) is { } back)
        {
            await back.Task.WaitAsync(cancellationToken);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var stream = new CutStream(socket);
        lock (_gate)
        {
            _streams.RemoveAll(former => former.IsClosed);
            _streams.Add(stream);
        }

        return stream;
    }

    /// <summary>Cuts what is connected.</summary>
    /// <param name="silently">Both ends hear nothing more, and no end either; otherwise both see a reset.</param>
    public void Cut(bool silently)
    {
        lock (_gate)
        {
            foreach (var stream in _streams)
            {
                stream.Cut(silently);
            }

            _streams.Clear();
        }
    }

    /// <summary>Cuts what is connected, silently, and lets nothing else through either, or lets new connections through again.</summary>
    public void Blackhole(bool isOn)
    {
        if (isOn)
        {
            Volatile.Write(ref _back, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            Cut(silently: true);
        }
        else
        {
            Interlocked.Exchange(ref _back, null)?.SetResult();
        }
    }
}
