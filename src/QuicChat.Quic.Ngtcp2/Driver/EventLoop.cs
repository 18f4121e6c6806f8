using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>
/// One thread that waits for sockets, timers and the application's wishes, and turns connections until they are quiet. All connections of its sockets
/// live on it alone.
/// </summary>
internal sealed unsafe class EventLoop : IDisposable
{
    private const int MaxEvents = 64;

    // Datagrams of one socket, and some more, before connections answer and the other sockets get their turn.
    private const int ReceiveLimit = 128;

    // Connections that get a turn, which takes a millisecond, before sockets are looked at again: what is received meanwhile may be worked on elsewhere.
    private const int TurnLimit = 32;

    private static readonly long StartTimestamp = Stopwatch.GetTimestamp();

    private readonly ConcurrentQueue<Action> _actions = new();
    private readonly ConcurrentQueue<ConnectionDriver> _woken = new();
    private readonly Dictionary<int, UdpSocket> _sockets = [];
    private readonly Queue<ConnectionDriver> _ready = [];
    private readonly TimerHeap _timers = new();
    private readonly ReceiveBatch _batch = new();
    // Room for what one call of the system takes.
    private const int SendBufferSize = 64 * 1024;

    private readonly byte[] _sendBuffer = GC.AllocateUninitializedArray<byte>(SendBufferSize, pinned: true);
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private readonly int _epoll;
    private readonly int _wakeEvent;
    private readonly TaskCompletionSource _ending = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _wakeLock = new();
    private int _sleeping;
    private bool _ended;
    private volatile bool _stopping;

    public EventLoop(string name, ILogger logger)
    {
        _logger = logger;
        _epoll = Check(Libc.EpollCreate(Libc.EpollCloseOnExec));
        _wakeEvent = Check(Libc.EventFd(0, Libc.EventFdNonBlockCloseOnExec));
        Watch(Libc.EpollCtlAdd, _wakeEvent, Libc.EpollIn);
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Completes when the thread has given back all that it held.</summary>
    public Task Ended => _ending.Task;

    /// <summary>The time by the loop's clocks.</summary>
    public static Instant Now => new(Stopwatch.GetElapsedTime(StartTimestamp), DateTimeOffset.UtcNow);

    /// <summary>Where datagrams are written before they are sent; for the loop's thread.</summary>
    public Span<byte> SendBuffer => _sendBuffer;

    /// <summary>Runs an action on the loop's thread; thread-safe.</summary>
    public void Post(Action action)
    {
        _actions.Enqueue(action);
        WakeUp();
    }

    /// <summary>Has the loop look after a connection; thread-safe.</summary>
    public void Wake(ConnectionDriver driver)
    {
        _woken.Enqueue(driver);
        WakeUp();
    }

    // For the loop's thread.

    public void Add(UdpSocket socket)
    {
        Watch(Libc.EpollCtlAdd, socket.Descriptor, Libc.EpollIn);
        _sockets.Add(socket.Descriptor, socket);
    }

    /// <summary>Disposes of a socket, added or not.</summary>
    public void Remove(UdpSocket socket)
    {
        if (_sockets.Remove(socket.Descriptor))
        {
            Watch(Libc.EpollCtlDelete, socket.Descriptor, 0);
        }

        socket.Dispose();
    }

    /// <summary>Gives a connection its turn before the loop waits again.</summary>
    public void MakeReady(ConnectionDriver driver)
    {
        if (!driver.IsReady)
        {
            driver.IsReady = true;
            _ready.Enqueue(driver);
        }
    }

    public void SetTimer(ConnectionDriver driver, TimeSpan due) => _timers.Set(driver, due);

    /// <summary>Sends datagrams of one size; where the socket is full, the connection gets a turn when it is not.</summary>
    /// <returns>How many bytes the system took.</returns>
    public int Send(UdpSocket socket, ReadOnlySpan<byte> datagrams, int size, in FourTuple path, Ecn ecn, ConnectionDriver sender)
    {
        var sent = socket.Send(datagrams, size, path, ecn);
        if (sent < datagrams.Length)
        {
            WaitUntilWritable(socket, sender);
        }

        return sent;
    }

    private void WaitUntilWritable(UdpSocket socket, ConnectionDriver driver)
    {
        if (socket.Blocked.Count == 0)
        {
            Watch(Libc.EpollCtlModify, socket.Descriptor, Libc.EpollIn | Libc.EpollOut);
        }

        socket.Blocked.Add(driver);
    }

    /// <summary>Has the thread end after its turn. Connections must have ended before.</summary>
    public void Stop()
    {
        _stopping = true;
        WakeUp();
    }

    /// <summary>Stops the thread and waits for its end.</summary>
    public void Dispose()
    {
        Stop();
        _thread.Join();
    }

    private void Run()
    {
        try
        {
            // epoll_event is packed on x86-64 alone; elsewhere its data follows 4 bytes later.
            var events = stackalloc byte[MaxEvents * EventSize];
            while (!_stopping)
            {
                Turn(events);
            }
        }
        catch (Exception e)
        {
            EngineLog.LoopFailed(_logger, e);
            throw;
        }
        finally
        {
            // Whoever wakes the loop late must not write to a descriptor that is somebody else's by then.
            lock (_wakeLock)
            {
                _ended = true;
                _ = Libc.Close(_wakeEvent);
            }

            _ = Libc.Close(_epoll);
            _batch.Dispose();
            _ending.SetResult();
        }
    }

    private void Turn(byte* events)
    {
        var count = Wait(events);
        var now = Now;
        for (var i = 0; i < count; i++)
        {
            var flags = *(uint*)(events + (i * EventSize));
            var descriptor = *(int*)(events + (i * EventSize) + EventDataOffset);
            if (descriptor == _wakeEvent)
            {
                ulong value;
                _ = Libc.Read(_wakeEvent, &value, sizeof(ulong));
            }
            else if (_sockets.TryGetValue(descriptor, out var socket))
            {
                if ((flags & Libc.EpollOut) != 0)
                {
                    Unblock(socket);
                }

                Receive(socket, now);
            }
        }

        while (_actions.TryDequeue(out var action))
        {
            action();
        }

        while (_woken.TryDequeue(out var driver))
        {
            MakeReady(driver);
        }

        while (_timers.Next <= now.Elapsed)
        {
            var driver = _timers.First;
            _timers.Set(driver, TimeSpan.MaxValue);
            driver.OnTimer(now);
        }

        GiveTurns();
    }

    private void GiveTurns()
    {
        // Those that have more to send than one turn allows come again behind the others.
        var now = Now;
        for (var i = Math.Min(_ready.Count, TurnLimit); i > 0; i--)
        {
            var driver = _ready.Dequeue();
            driver.IsReady = false;
            driver.TakeTurn(now);
        }
    }

    private int Wait(byte* events)
    {
        // Whoever queues something after this sees that the loop sleeps, and wakes it.
        Interlocked.Exchange(ref _sleeping, 1);
        var idle = _ready.Count == 0 && _actions.IsEmpty && _woken.IsEmpty && !_stopping;
        var wait = idle ? _timers.Next : TimeSpan.Zero;
        int count;
        if (wait == TimeSpan.MaxValue)
        {
            count = Libc.EpollWait2(_epoll, events, MaxEvents, null, null);
        }
        else
        {
            var nanoseconds = idle ? Math.Max(0, (wait - Now.Elapsed).Ticks * 100) : 0;
            var timeout = stackalloc long[] { nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000 };
            count = Libc.EpollWait2(_epoll, events, MaxEvents, timeout, null);
        }

        Interlocked.Exchange(ref _sleeping, 0);
        return count >= 0 || Marshal.GetLastPInvokeError() == Libc.EIntr ? Math.Max(count, 0) : Check(count);
    }

    private void Receive(UdpSocket socket, Instant now)
    {
        for (var received = 0; received < ReceiveLimit;)
        {
            var count = socket.Receive(_batch);
            for (var i = 0; i < count; i++)
            {
                if (!socket.TryGetPath(_batch, i, out var path, out var ecn, out var size))
                {
                    received++;
                    continue;
                }

                var rest = _batch.Data(i);
                do
                {
                    var datagram = rest[..Math.Min(size, rest.Length)];
                    rest = rest[datagram.Length..];
                    received++;
                    socket.Handler?.OnDatagram(datagram, path, ecn, now);
                }
                while (!rest.IsEmpty);
            }

            if (count < ReceiveBatch.Count)
            {
                return;
            }
        }
    }

    private void Unblock(UdpSocket socket)
    {
        Watch(Libc.EpollCtlModify, socket.Descriptor, Libc.EpollIn);
        foreach (var driver in socket.Blocked)
        {
            MakeReady(driver);
        }

        socket.Blocked.Clear();
    }

    private void WakeUp()
    {
        if (Interlocked.Exchange(ref _sleeping, 0) == 1)
        {
            lock (_wakeLock)
            {
                if (!_ended)
                {
                    ulong one = 1;
                    _ = Libc.Write(_wakeEvent, &one, sizeof(ulong));
                }
            }
        }
    }

    private void Watch(int operation, int descriptor, uint flags)
    {
        var ev = stackalloc byte[16];
        *(uint*)ev = flags;
        *(int*)(ev + EventDataOffset) = descriptor;
        Check(Libc.EpollControl(_epoll, operation, descriptor, ev));
    }

    private static int EventSize => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private static int EventDataOffset => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    private static int Check(int result)
        => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());
}
