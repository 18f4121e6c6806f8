using System.Collections.Concurrent;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;

namespace QuicChat.Client.Tests;

/// <summary>
/// Gateways and one room by the delivery contract, made to break: any step may end the connection or the stream, before it has its effect or before the
/// client learns of it. A newer stream of a client ends the effect of its older ones.
/// </summary>
/// <param name="random">Decides what breaks.</param>
/// <param name="stepsBetweenFaults">How many steps go well on average.</param>
internal sealed class ModelCluster(Random random, int stepsBetweenFaults)
{
    private readonly Lock _gate = new();
    private readonly List<Message> _log = [];
    private readonly List<TaskCompletionSource> _waiting = [];
    private readonly ConcurrentBag<Task> _serving = [];
    private readonly Dictionary<string, GatewayConnection> _connections = [];
    private readonly Dictionary<string, GatewayStream> _streams = [];
    private readonly HashSet<GatewayConnection> _leaving = [];
    private int _losses;
    private long _stored;
    private bool _isCalm;

    /// <summary>How many times something was broken.</summary>
    public int Faults { get; private set; }

    /// <summary>Whether a text is refused.</summary>
    public Func<string, bool> Refuses { get; init; } = _ => false;

    /// <summary>Whether the store may lose its newest messages.</summary>
    public bool LosesMessages { get; init; }

    /// <summary>How often it has lost some.</summary>
    public int Losses => _losses;

    private string Epoch => $"e{_losses + 1}";

    /// <summary>The log as it is.</summary>
    public IReadOnlyList<Message> Log
    {
        get
        {
            lock (_gate)
            {
                return [.. _log];
            }
        }
    }

    /// <summary>From now on nothing breaks.</summary>
    public void Calm()
    {
        lock (_gate)
        {
            _isCalm = true;
        }
    }

    /// <summary>Serves all that connect, until the end; throws what a client does wrong.</summary>
    public async Task ServeAsync(TestGateway gateway, CancellationToken end)
    {
        try
        {
            while (true)
            {
                _serving.Add(ServeAsync(gateway, await gateway.AcceptAsync(end)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(_serving);
        }
    }

    private async Task ServeAsync(TestGateway gateway, GatewayConnection connection)
    {
        try
        {
            var clientId = (await connection.AcceptHelloAsync()).ClientId;
            TakeOver(clientId, connection);
            Break(connection, null);
            await connection.Control.SendAsync(new ServerFrame { Welcome = gateway.Welcome });
            while (await connection.TryAcceptStreamAsync() is { } stream)
            {
                _serving.Add(ServeRoomAsync(connection, stream, clientId));
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            // As it may.
        }
    }

    private void TakeOver(string clientId, GatewayConnection connection)
    {
        GatewayConnection? older;
        lock (_gate)
        {
            _connections.Remove(clientId, out older);
            _connections[clientId] = connection;
        }

        older?.Server.Close((ulong)ErrorCode.NoError, "a newer connection took its place");
    }

    private async Task ServeRoomAsync(GatewayConnection connection, GatewayStream stream, string clientId)
    {
        using var turn = new SemaphoreSlim(1);
        var sending = Task.CompletedTask;
        try
        {
            var join = (await stream.ReadAsync()).Join;
            Break(connection, stream);
            var joined = Enter(join, stream, clientId);
            await stream.SendAsync(new ServerFrame { Joined = joined });
            sending = SendAllAsync(connection, stream, turn, joined.Position);
            while (await stream.TryReadUntimedAsync() is { Publish: { } publish })
            {
                Break(connection, stream);
                var answer = Publish(publish, stream, clientId);
                Break(connection, stream);
                await SendAsync(stream, turn, answer);
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            // As it may.
        }

        stream.Abort(ErrorCode.GoingAway);
        lock (_gate)
        {
            if (_streams.GetValueOrDefault(clientId) == stream)
            {
                _streams.Remove(clientId);
            }

            Wake();
        }

        await sending;
    }

    private async Task SendAllAsync(GatewayConnection connection, GatewayStream stream, SemaphoreSlim turn, Position position)
    {
        try
        {
            for (var next = (int)position.Offset; ;)
            {
                var message = default(Message);
                var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                lock (_gate)
                {
                    if (Epoch != position.Epoch || !_streams.ContainsValue(stream))
                    {
                        break;
                    }

                    message = next < _log.Count ? _log[next] : null;
                    if (message is null)
                    {
                        _waiting.Add(waiting);
                    }
                }

                if (message is null)
                {
                    await waiting.Task;
                    continue;
                }

                Break(connection, stream);
                await SendAsync(stream, turn, new ServerFrame { Message = message });
                next++;
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            // As it may.
        }

        stream.Abort(ErrorCode.GoingAway);
    }

    private static async Task SendAsync(GatewayStream stream, SemaphoreSlim turn, ServerFrame frame)
    {
        await turn.WaitAsync();
        try
        {
            await stream.SendAsync(frame);
        }
        finally
        {
            turn.Release();
        }
    }

    private Joined Enter(Join join, GatewayStream stream, string clientId)
    {
        lock (_gate)
        {
            _streams[clientId] = stream;
            Wake();
            var tail = (ulong)_log.Count;
            var isRecovered = join.After is { } after && after.Epoch == Epoch && after.Offset <= tail;
            return new Joined
            {
                Position = isRecovered ? join.After : new Position { Epoch = Epoch, Offset = tail - Math.Min(tail, join.Newest) },
                Recovered = isRecovered,
                LastClientSeq = LastClientSeq(clientId),
            };
        }
    }

    private ServerFrame Publish(Publish publish, GatewayStream stream, string clientId)
    {
        lock (_gate)
        {
            if (_streams.GetValueOrDefault(clientId) != stream)
            {
                throw new OperationCanceledException("A newer stream has taken its place.");
            }

            var last = LastClientSeq(clientId);
            if (publish.ClientSeq <= last)
            {
                return Ack(_log.First(message => message.ClientId == clientId && message.ClientSeq == publish.ClientSeq).Offset);
            }

            if (publish.ClientSeq > last + 1 || Refuses(publish.Body))
            {
                var code = publish.ClientSeq > last + 1 ? ErrorCode.ProtocolViolation : ErrorCode.NotAllowed;
                return new ServerFrame { Reject = new Reject { ClientSeq = publish.ClientSeq, Code = code } };
            }

            var message = GatewayStream.NewMessage((ulong)_log.Count + 1, publish.Body);
            (message.ClientId, message.ClientSeq, message.SentAtMs) = (clientId, publish.ClientSeq, ++_stored);
            _log.Add(message);
            Wake();
            return Ack(message.Offset);
        }

        ServerFrame Ack(ulong offset) => new() { Ack = new Ack { ClientSeq = publish.ClientSeq, Offset = offset } };
    }

    private ulong LastClientSeq(string clientId) => _log.LastOrDefault(message => message.ClientId == clientId)?.ClientSeq ?? 0;

    private void Break(GatewayConnection connection, GatewayStream? stream)
    {
        Action fault;
        lock (_gate)
        {
            if (_isCalm || random.Next(stepsBetweenFaults) > 0)
            {
                return;
            }

            Faults++;
            if (LosesMessages && random.Next(8) == 0)
            {
                var lost = Math.Min(_log.Count, random.Next(1, 6));
                _log.RemoveRange(_log.Count - lost, lost);
                _losses++;

                // Streams of the old epoch have no more effect, and learn of it.
                _streams.Clear();
                Wake();
            }

            ErrorCode[] codes = [ErrorCode.GoingAway, ErrorCode.Internal, ErrorCode.MigrationFailed, ErrorCode.RateLimited, ErrorCode.SlowConsumer];
            var code = codes[random.Next(codes.Length)];
            fault = random.Next(4) switch
            {
                0 when stream is not null => () => stream.Abort(code),
                1 => () => connection.Server.Close((ulong)code, "a fault"),
                // Once a connection: the control stream has no other writer after Welcome.
                2 when stream is not null && _leaving.Add(connection) => () => _serving.Add(GoAwayAsync(connection)),
                _ => connection.Lose,
            };
        }

        fault();
    }

    private static async Task GoAwayAsync(GatewayConnection connection)
    {
        try
        {
            await connection.Control.SendAsync(new ServerFrame { GoAway = new GoAway() });
        }
        catch (Exception e) when (IsEnd(e))
        {
            // It has gone before.
        }
    }

    private void Wake()
    {
        foreach (var waiting in _waiting)
        {
            waiting.TrySetResult();
        }

        _waiting.Clear();
    }

    private static bool IsEnd(Exception e)
        => e is QuicConnectionClosedException or QuicStreamAbortedException or OperationCanceledException or InvalidOperationException
            || e.GetType().Namespace == "Microsoft.AspNetCore.Connections";
}
