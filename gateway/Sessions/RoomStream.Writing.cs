using QuicChat.Gateway.Fanout;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Gateway.Sessions;

// What the client is sent: answers first, then the room's messages.
internal sealed partial class RoomStream
{
    // Small enough that answers do not wait long behind messages, large enough to fill datagrams.
    private const int WriteBytes = 32 * 1024;

    private async Task WriteAsync(RoomMember member)
    {
        var output = _stream.Transport.Output;
        while (true)
        {
            _ended.Token.ThrowIfCancellationRequested();
            var isDraining = Volatile.Read(ref _isDraining);
            var (answers, answered) = (0, 0);
            for (; answered < WriteBytes && TryTakeAnswer(out var answer); answers++)
            {
                FrameWriter.Write(output, answer.Frame);
                answered += answer.Bytes;
            }

            var (messages, bytes) = isDraining ? (0, 0) : member.WriteAvailable(output, WriteBytes - answered);
            if (!isDraining && answered + bytes < WriteBytes)
            {
                bytes += member.WritePresence(output);
            }

            if (answered + bytes > 0)
            {
                _outbox.Change(answered, answered + bytes + member.PageBytes);
                var flushed = await output.FlushAsync();
                _outbox.Change(0, member.PageBytes);
                if (answers > 0)
                {
                    _unanswered.Release(answers);
                }

                _sessions.Metrics.Delivered(messages);
                if (flushed.IsCompleted)
                {
                    // The client reads no more.
                    throw new OperationCanceledException();
                }
            }
            else if (isDraining)
            {
                return;
            }
            else if (member.IsBehind)
            {
                _sessions.Metrics.Replayed(await member.FetchAsync(_ended.Token));
                _outbox.Change(0, member.PageBytes);
            }
            else
            {
                await _due.WaitAsync();
            }
        }
    }

    private void Answer(ServerFrame frame)
    {
        var bytes = frame.CalculateSize();
        _outbox.Add(bytes);
        lock (_answers)
        {
            _answers.Enqueue((frame, bytes));
        }

        _due.Set();
    }

    private bool TryTakeAnswer(out (ServerFrame Frame, int Bytes) answer)
    {
        lock (_answers)
        {
            return _answers.TryDequeue(out answer);
        }
    }
}
