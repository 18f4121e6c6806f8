using QuicChat.Protocol.V1;

namespace QuicChat.Client;

// From connection to connection.
public sealed partial class ChatSession
{
    private readonly Backoff _backoff;
    private ReadOnlyMemory<byte> _sessionToken;

    private async Task RunAsync(SessionLink link)
    {
        try
        {
            while (true)
            {
                var next = await StayAsync(link).ConfigureAwait(false);
                if (next is null)
                {
                    // First, since the next connection may need its local address.
                    await link.Client.DisposeAsync().ConfigureAwait(false);
                    next = await ReconnectAsync(link).ConfigureAwait(false);
                }

                if (next is null)
                {
                    return;
                }

                (link, var left) = (next, link);
                Use(link);
                await left.Client.DisposeAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The application disposes the session.
        }
        catch (Exception e)
        {
            ClientLog.SessionFailed(_logger, ConnectionId, e);
            Close(new ChatCloseReason(ChatCloseOrigin.Client, ErrorCode.Internal, $"The session failed: {e.Message}"));
        }
        finally
        {
            await link.Client.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Uses a connection until it has ended, or the next one is there.</summary>
    /// <returns>The next one, if it could be connected before this one ended.</returns>
    private async Task<SessionLink?> StayAsync(SessionLink link)
    {
        while (true)
        {
            var silent = link.Silent;
            await Task.WhenAny(link.Client.Closed, link.GoingAway, silent).WaitAsync(_stop.Token).ConfigureAwait(false);
            if (link.Client.Closed.IsCompleted)
            {
                return null;
            }

            var heard = CancellationToken.None;
            if (link.GoingAway.IsCompletedSuccessfully)
            {
                _servers.Prefer(link.GoingAway.Result.Alternatives);
                ClientLog.Moving(_logger, link.Client.ConnectionId, "is going away");
            }
            else
            {
                heard = await silent.ConfigureAwait(false);
                ClientLog.Moving(_logger, link.Client.ConnectionId, "does not answer");
            }

            if (await MoveAsync(link, heard).ConfigureAwait(false) is { } next)
            {
                return next;
            }
        }
    }

    /// <summary>Connects to another gateway while the connection in use still serves.</summary>
    /// <param name="link">The one in use.</param>
    /// <param name="heard">Cancelled when there is no reason for it any more.</param>
    /// <returns>The next connection; none if the one in use has ended meanwhile, or need not be left.</returns>
    private async Task<SessionLink?> MoveAsync(SessionLink link, CancellationToken heard)
    {
        var backoff = NewBackoff();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, heard);
        try
        {
            while (true)
            {
                var (wait, why) = (Timeout.InfiniteTimeSpan, "there is none");
                var others = _servers.All.Where(server => server != link.Client.Server).Distinct().ToList();
                try
                {
                    if (others.Count > 0)
                    {
                        return await OpenBesideAsync(link, others, heard).ConfigureAwait(false);
                    }
                }
                catch (ChatConnectException e)
                {
                    // What is refused for good will be refused after the end of this connection, too; until then it serves.
                    (wait, why) = (e.IsReconnectable ? backoff.Next() : Timeout.InfiniteTimeSpan, e.Message);
                }
                catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
                {
                    return null;
                }

                var waiting = Task.Delay(wait, _options.TimeProvider, end.Token);
                ClientLog.MoveFailed(_logger, link.Client.ConnectionId, wait, why);
                await Task.WhenAny(link.Client.Closed, waiting).ConfigureAwait(false);
                _stop.Token.ThrowIfCancellationRequested();
                if (link.Client.Closed.IsCompleted || heard.IsCancellationRequested)
                {
                    return null;
                }
            }
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
        }
    }

    // Given up when there is no reason for it any more, or nothing left to stand beside. But a gateway that has heard Hello ends the connection in use; from
    // then on only the new one counts.
    private async Task<SessionLink> OpenBesideAsync(SessionLink link, IReadOnlyList<ServerAddress> servers, CancellationToken heard)
    {
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(heard);
        var isGreeted = false;
        var opening = OpenAsync(
            servers,
            () =>
            {
                link.IsSuperseded = true;
                Volatile.Write(ref isGreeted, true);
            },
            attempt.Token);
        var needless = Task.WhenAny(link.Client.Closed, Task.Delay(Timeout.InfiniteTimeSpan, over.Token));
        if (await Task.WhenAny(opening, needless).ConfigureAwait(false) == needless && !Volatile.Read(ref isGreeted))
        {
            await attempt.CancelAsync().ConfigureAwait(false);
        }

        try
        {
            return await opening.ConfigureAwait(false);
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Connects again after the end of a connection.</summary>
    /// <returns>The next connection; none if the session is over.</returns>
    private async Task<SessionLink?> ReconnectAsync(SessionLink lost)
    {
        var reason = await lost.Client.Closed.ConfigureAwait(false);
        if (!MayReconnect(lost, reason))
        {
            Close(reason);
            return null;
        }

        var time = _options.TimeProvider;
        var since = time.GetTimestamp();
        var why = reason.Message;
        while (true)
        {
            if (_sessionOptions.GiveUpAfter != Timeout.InfiniteTimeSpan && time.GetElapsedTime(since) >= _sessionOptions.GiveUpAfter)
            {
                Close(new ChatCloseReason(
                    ChatCloseOrigin.Client, null, $"No gateway could be connected to for {_sessionOptions.GiveUpAfter.TotalSeconds:0} s. The last try: {why}"));
                return null;
            }

            await WaitForTryAsync(_backoff.Next(), why).ConfigureAwait(false);
            try
            {
                return await OpenAsync([_servers.Next()], null, _stop.Token).ConfigureAwait(false);
            }
            catch (ChatConnectException e) when (!e.IsReconnectable || IsTokenUsedUp(e.Code))
            {
                Close(new ChatCloseReason(ChatCloseOrigin.Gateway, e.Code, e.Message));
                return null;
            }
            catch (ChatConnectException e)
            {
                why = e.Message;
            }
        }
    }

    private async Task WaitForTryAsync(TimeSpan delay, string why)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        Task networkChanged;
        lock (_gate)
        {
            networkChanged = _networkChanged.Task;
        }

        var delaying = Task.Delay(delay, _options.TimeProvider, end.Token);
        ClientLog.Reconnecting(_logger, ConnectionId, _backoff.Attempt, delay, why);
        SetState(new SessionState.Reconnecting(_backoff.Attempt, why, _options.TimeProvider.GetUtcNow() + delay));
        await Task.WhenAny(delaying, networkChanged).ConfigureAwait(false);
        await end.CancelAsync().ConfigureAwait(false);
        _stop.Token.ThrowIfCancellationRequested();
    }

    private async Task<SessionLink> OpenAsync(IReadOnlyList<ServerAddress> servers, Action? greeting, CancellationToken cancellationToken)
    {
        var token = await FetchTokenAsync(cancellationToken).ConfigureAwait(false);
        SessionLink? link = null;
        ChatClient client;
        try
        {
            client = await ConnectAsync().ConfigureAwait(false);
        }
        catch (ChatConnectException e) when (e.Code == ErrorCode.AuthFailed && !_sessionToken.IsEmpty)
        {
            // It may be the session that is too old, and not the user's token.
            _sessionToken = default;
            client = await ConnectAsync().ConfigureAwait(false);
        }

        if (UserId.Length > 0 && client.UserId != UserId)
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw new ChatConnectException(
                $"The token is now of user '{client.UserId}', but the session is of user '{UserId}'. Use a session for each user.", code: ErrorCode.AuthFailed);
        }

        return link!;

        Task<ChatClient> ConnectAsync()
            => ChatClient.ConnectAsync(_options, servers, new Greeting(token, _sessionToken, Prepare), cancellationToken);

        void Prepare(ChatClient next)
        {
            link = new SessionLink(next);
            next.PathChanged += change => PathChanged?.Invoke(change);
            next.Migrating += change => Migrating?.Invoke(change);
            next.Migrated += change => Migrated?.Invoke(change);
            next.MigrationFailed += reason => MigrationFailed?.Invoke(reason);
            greeting?.Invoke();
        }
    }

    private async Task<string> FetchTokenAsync(CancellationToken cancellationToken)
    {
        if (_options.Token is { } token)
        {
            return token;
        }

        try
        {
            return await _options.TokenProvider!(cancellationToken).AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        // Whatever the application's provider throws: without a network it cannot reach its server, either.
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ChatConnectException($"TokenProvider gave no token: {e.Message}", e);
        }
    }

    private bool MayReconnect(SessionLink lost, ChatCloseReason reason)
        => lost.IsSuperseded && reason is { Origin: ChatCloseOrigin.Gateway, Code: not ErrorCode.Kicked }
            // The gateway has ended it for a newer connection of this session, which then failed all the same.
            ? true
            : reason.IsReconnectable && !IsTokenUsedUp(reason.Code);

    // A token that was given once and for all does not become younger.
    private bool IsTokenUsedUp(ErrorCode? code) => code == ErrorCode.AuthExpired && _options.Token is not null;
}
