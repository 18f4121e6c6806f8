using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Client;

// A new token before the old one expires, so that the connection need not end.
public sealed partial class ChatClient
{
    // With less than this left, an answer would come too late: the connection ends with AUTH_EXPIRED, and the next one brings a new token.
    private static readonly TimeSpan ShortestLife = TimeSpan.FromSeconds(1);

    private TaskCompletionSource<Refreshed>? _refresh;

    private async Task RefreshAsync(uint expiresInMs)
    {
        if (_options.TokenProvider is not { } provider)
        {
            return;
        }

        var time = _options.TimeProvider;
        var life = TimeSpan.FromMilliseconds(expiresInMs);
        try
        {
            // 0 is "not told", and ends this, too.
            while (life >= ShortestLife)
            {
                // At 75 to 85 % of it: time for another try or two, and not all clients of a gateway that was restarted at once.
                var since = time.GetTimestamp();
                var delay = life * (0.75 + (0.1 * _options.Jitter()));
                var due = Task.Delay(delay, time, _stop.Token);
                ClientLog.TokenRefreshDue(_logger, ConnectionId, life, delay);
                await due.ConfigureAwait(false);
                if (await TryFetchTokenAsync(provider).ConfigureAwait(false) is { } token)
                {
                    var refresh = new TaskCompletionSource<Refreshed>(TaskCreationOptions.RunContinuationsAsynchronously);
                    Volatile.Write(ref _refresh, refresh);
                    _control.Send(new ClientFrame { Refresh = new Refresh { Token = token } });
                    life = TimeSpan.FromMilliseconds((await refresh.Task.WaitAsync(_stop.Token).ConfigureAwait(false)).TokenExpiresInMs);
                }
                else
                {
                    life -= time.GetElapsedTime(since);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The connection is over.
        }
    }

    private async Task<string?> TryFetchTokenAsync(Func<CancellationToken, ValueTask<string>> provider)
    {
        try
        {
            var token = await provider(_stop.Token).AsTask().WaitAsync(_stop.Token).ConfigureAwait(false);
            if (ProtocolRules.CheckToken(token) is not { } problem)
            {
                return token;
            }

            ClientLog.TokenNotRefreshed(_logger, ConnectionId, problem, null);
        }
        // Whatever the application's provider throws, the token at hand is still good for a while.
        catch (Exception e) when (!_stop.IsCancellationRequested)
        {
            ClientLog.TokenNotRefreshed(_logger, ConnectionId, e.Message, e);
        }

        return null;
    }

    private void OnRefreshed(Refreshed refreshed)
    {
        if (Interlocked.Exchange(ref _refresh, null) is not { } refresh)
        {
            throw Violation("Refreshed answers no Refresh");
        }

        refresh.TrySetResult(refreshed);
    }
}
