using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using QuicChat.Quic.Engines;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>
/// One stream; of a unidirectional one a direction has ended from the start. Its send buffer is a pipe of pinned memory: bytes are examined when they are sent, and consumed when they are
/// acknowledged. Its receive buffer is a pipe too, bounded by flow control: the peer gets new credit for what the application has consumed.
/// Members are for the driver's thread, save those that say otherwise.
/// </summary>
internal sealed unsafe class StreamCore
{
    private readonly ConnectionCore _connection;
    private readonly Pipe _input;
    private readonly Pipe _output;
    private ReadResult _pending;
    private bool _reading;
    private bool _outputReleased;
    private long _consumed;
    private long _acknowledged;
    private long _sent;

    // Where in the pipe that is; valid while what was sent last is not acknowledged. To look for it would cost as much as is under way, for each packet.
    private SequencePosition _sentAt;
    private bool _finSent;
    private bool _inputEnded;
    private bool _inputCompleted;
    private long _unreadBytes;

    private int _dirty;
    private int _accepted;
    private int _closed;
    private bool _returned;
    private long _credit;
    private Abort? _abortRead;
    private Abort? _abortWrite;
    private bool _readAborted;
    private bool _writeAborted;
    private Exception? _readError;
    private Exception? _writeError;
    private Action<Exception>? _writingEnded;

    private sealed record Abort(ulong ErrorCode, Exception? Reason);

    public StreamCore(ConnectionCore connection, long id, PinnedBlockPool pool)
    {
        _connection = connection;
        Id = id;
        _input = new Pipe(pool.ReceiveOptions);
        _output = new Pipe(pool.SendOptions);
        CanRead = !ConnectionCore.IsUnidirectional(id) || connection.IsRemote(id);
        CanWrite = !ConnectionCore.IsUnidirectional(id) || !connection.IsRemote(id);
        if (!CanRead)
        {
            _inputEnded = true;
            CompleteInput(null);
        }
    }

    /// <summary>Whether the peer may write to the stream.</summary>
    public bool CanRead { get; }

    /// <summary>Whether this side may.</summary>
    public bool CanWrite { get; }

    /// <summary>The stream ID (RFC 9000, section 2.1).</summary>
    public long Id { get; }

    public ConnectionCore Connection => _connection;

    /// <summary>Whether the stream waits in the connection's queue of those with something to send.</summary>
    public bool Queued { get; set; }

    /// <summary>Whether received bytes or the stream's end wait to be shown to the reader.</summary>
    public bool Readable { get; set; }

    /// <summary>Whether acknowledged bytes wait to be released.</summary>
    public bool Acknowledged { get; set; }

    /// <summary>Whether both directions have ended.</summary>
    public bool Closed => Volatile.Read(ref _closed) != 0;

    /// <summary>Why reading is over before the peer's end of the stream, once what has arrived was read; thread-safe.</summary>
    public Exception? ReadError => Volatile.Read(ref _readError);

    /// <summary>Why writing is over; thread-safe.</summary>
    public Exception? WriteError => Volatile.Read(ref _writeError);

    // For the application's side; thread-safe.

    public PipeReader ApplicationReader => _input.Reader;

    public PipeWriter ApplicationWriter => _output.Writer;

    /// <summary>Tells that the application has read <paramref name="bytes"/>; thread-safe.</summary>
    public void Consume(long bytes)
    {
        var due = Interlocked.Add(ref _credit, bytes) >= _connection.CreditStep;
        due |= _connection.AddCredit(bytes);

        // Small amounts wait for others, but in the queue already: what many streams have read comes together at the connection.
        if (Interlocked.Exchange(ref _dirty, 1) == 0)
        {
            _connection.Queue(this);
        }

        if (due)
        {
            _connection.Wake();
        }
    }

    /// <summary>
    /// Tells that the application knows the stream. Only then may the peer open another for it, or streams that are opened and reset at once would pile up
    /// unheard; thread-safe.
    /// </summary>
    public void Accept()
    {
        Interlocked.Exchange(ref _accepted, 1);
        if (Closed)
        {
            Wake();
        }
    }

    /// <summary>
    /// Has <paramref name="callback"/> told, once and with the reason, that writing is over: the peer wants no more, this side has aborted,
    /// all was acknowledged, or the connection has ended. It is called by whoever finds out and must not wait; thread-safe.
    /// </summary>
    public void OnWritingEnded(Action<Exception> callback)
    {
        Interlocked.Exchange(ref _writingEnded, callback);
        if (WriteError is { } reason)
        {
            TellWritingEnded(reason);
        }
    }

    /// <summary>Tells that there is something to send, or to do; thread-safe.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _dirty, 1) == 0)
        {
            _connection.Queue(this);
        }

        _connection.Wake();
    }

    /// <summary>Stops reading with an error code for the peer, and for whoever reads here the <paramref name="reason"/>; thread-safe.</summary>
    public void AbortRead(ulong errorCode, Exception? reason)
    {
        if (Interlocked.CompareExchange(ref _abortRead, new Abort(errorCode, reason), null) is null)
        {
            Wake();
        }
    }

    /// <summary>Resets the sending side with an error code for the peer; thread-safe.</summary>
    public void AbortWrite(ulong errorCode, Exception reason)
    {
        if (Interlocked.CompareExchange(ref _abortWrite, new Abort(errorCode, reason), null) is null)
        {
            EndWriting(reason);
            Wake();
        }
    }

    // For the driver's thread.

    /// <summary>Does what the application asked for since the last call.</summary>
    public void Service(nint connection)
    {
        // A full fence: what is asked for after this queues the stream again.
        Interlocked.Exchange(ref _dirty, 0);
        Extend(connection, Interlocked.Exchange(ref _credit, 0));
        if (!_readAborted && Volatile.Read(ref _abortRead) is { } abortRead)
        {
            _readAborted = true;
            CompleteInput(abortRead.Reason);
            Extend(connection, _unreadBytes);
            if (!_inputEnded && !Closed)
            {
                Interop.Ngtcp2.ShutdownStreamRead(connection, 0, Id, abortRead.ErrorCode);
            }
        }

        if (Closed)
        {
            ReturnToPeer(connection);
            return;
        }

        if (!CanWrite)
        {
            return;
        }

        if (!_writeAborted && Volatile.Read(ref _abortWrite) is { } abortWrite)
        {
            _writeAborted = true;
            Interop.Ngtcp2.ShutdownStreamWrite(connection, 0, Id, abortWrite.ErrorCode);
        }
        else if (!_finSent && !Queued && WriteError is null)
        {
            _connection.Enqueue(this);
        }
    }

    /// <summary>Takes received bytes; they are shown to the reader by <see cref="ShowInput"/>.</summary>
    public void Receive(ReadOnlySpan<byte> data, bool fin)
    {
        _inputEnded |= fin;
        _unreadBytes += data.Length;
        if (!_inputCompleted && !data.IsEmpty)
        {
            _input.Writer.Write(data);
        }
    }

    /// <summary>The peer reset its sending side (RFC 9000, section 3.5).</summary>
    public void ReceiveReset(ulong errorCode)
    {
        _inputEnded = true;
        CompleteInput(new QuicStreamAbortedException(errorCode));
    }

    /// <summary>The peer reads no more (RFC 9000, section 3.5); ngtcp2 answers with a reset by itself.</summary>
    public void ReceiveStopSending(ulong errorCode) => EndWriting(new QuicStreamAbortedException(errorCode));

    /// <summary>Shows received bytes to the reader; those that nobody will read only free the connection's window.</summary>
    public void ShowInput(nint connection)
    {
        Readable = false;
        if (_inputCompleted)
        {
            Extend(connection, _unreadBytes);
            return;
        }

        // Never waits: the pipe has no limit of its own, flow control bounds it.
        if (!_input.Writer.FlushAsync().IsCompletedSuccessfully)
        {
            throw new InvalidOperationException("A stream's receive buffer refused bytes that flow control admitted.");
        }

        if (_inputEnded)
        {
            CompleteInput(null);
        }
    }

    public void Acknowledge(long end) => _acknowledged = Math.Max(_acknowledged, end);

    /// <summary>Gives acknowledged memory back.</summary>
    public void ReleaseAcknowledged()
    {
        Acknowledged = false;
        if (_outputReleased || _acknowledged == _consumed)
        {
            return;
        }

        if (!_reading)
        {
            // A read that is cancelled beforehand succeeds at once, even with no new bytes.
            _output.Reader.CancelPendingRead();
            _reading = _output.Reader.TryRead(out _pending);
        }

        EndRead();
    }

    /// <summary>Describes what is to be sent next.</summary>
    /// <param name="vectors">Filled with pinned memory.</param>
    /// <param name="fin">Whether the stream ends after it.</param>
    /// <param name="length">Bytes described.</param>
    /// <returns>How many vectors were filled, or -1 where there is nothing to send.</returns>
    public int PrepareSend(Span<Interop.Ngtcp2.Vec> vectors, out bool fin, out long length)
    {
        fin = false;
        length = 0;
        if (_outputReleased || _finSent || WriteError is not null)
        {
            return -1;
        }

        if (!_reading)
        {
            _reading = _output.Reader.TryRead(out _pending);
            if (!_reading)
            {
                return -1;
            }
        }

        var unsent = _pending.Buffer.Slice(SentAt);
        var count = 0;
        foreach (var segment in unsent)
        {
            if (segment.IsEmpty)
            {
                continue;
            }

            if (count == vectors.Length)
            {
                break;
            }

            vectors[count++] = new Interop.Ngtcp2.Vec
            {
                Base = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(segment.Span)),
                Length = (nuint)segment.Length,
            };
            length += segment.Length;
        }

        fin = _pending.IsCompleted && length == unsent.Length;
        if (count == 0 && !fin)
        {
            EndRead();
            return -1;
        }

        return count;
    }

    /// <summary>ngtcp2 took the next <paramref name="length"/> bytes, and the end of the stream where <paramref name="fin"/>.</summary>
    public void Sent(long length, bool fin)
    {
        _sentAt = _pending.Buffer.GetPosition(length, SentAt);
        _sent += length;
        _finSent |= fin;
    }

    private SequencePosition SentAt => _sent == _consumed ? _pending.Buffer.Start : _sentAt;

    /// <summary>Ends a turn of sending, so that the application's flush can go on.</summary>
    public void EndRead()
    {
        if (!_reading)
        {
            return;
        }

        _reading = false;
        var buffer = _pending.Buffer;
        var consumed = buffer.GetPosition(_acknowledged - _consumed);
        var examined = SentAt;
        _consumed = _acknowledged;
        _pending = default;
        _output.Reader.AdvanceTo(consumed, examined);
    }

    /// <summary>Writing is over: the application's next or pending flush throws; thread-safe.</summary>
    public void EndWriting(Exception reason)
    {
        reason = Interlocked.CompareExchange(ref _writeError, reason, null) ?? reason;
        _output.Writer.CancelPendingFlush();
        TellWritingEnded(reason);
    }

    /// <summary>
    /// Releases the stream. ngtcp2 must hold no pointer into its memory any more: it has closed the stream, or is gone.
    /// </summary>
    /// <param name="error">Why, for whoever still reads or writes; <see langword="null"/> where both directions ended in order.</param>
    public void Release(Exception? error)
    {
        if (Closed)
        {
            return;
        }

        Interlocked.Exchange(ref _closed, 1);
        EndWriting(error ?? new InvalidOperationException("The stream has ended."));
        CompleteInput(_inputEnded ? null : error);
        _outputReleased = true;
        _reading = false;
        _pending = default;
        _output.Reader.Complete();
    }

    /// <summary>Lets the peer open another stream instead of this one of its own, if that has ended and the application knows of it.</summary>
    public void ReturnToPeer(nint connection)
    {
        if (!_returned && Volatile.Read(ref _accepted) != 0 && _connection.IsRemote(Id))
        {
            _returned = true;
            if (ConnectionCore.IsUnidirectional(Id))
            {
                Interop.Ngtcp2.ExtendMaxStreamsUni(connection, 1);
            }
            else
            {
                Interop.Ngtcp2.ExtendMaxStreamsBidi(connection, 1);
            }
        }
    }

    private void TellWritingEnded(Exception reason) => Interlocked.Exchange(ref _writingEnded, null)?.Invoke(reason);

    private void CompleteInput(Exception? error)
    {
        if (!_inputCompleted)
        {
            _inputCompleted = true;

            // Not given to the pipe, which would throw it at once and forget what has arrived before.
            Volatile.Write(ref _readError, error);
            _input.Writer.Complete();
        }
    }

    private void Extend(nint connection, long credit)
    {
        credit = Math.Min(credit, _unreadBytes);
        if (credit == 0)
        {
            return;
        }

        _unreadBytes -= credit;
        Interop.Ngtcp2.ExtendMaxOffset(connection, (ulong)credit);
        if (!_inputEnded && !Closed)
        {
            Interop.Ngtcp2.ExtendMaxStreamOffset(connection, Id, (ulong)credit);
        }
    }
}
