namespace QuicChat.Client;

/// <summary>One connection of a session, and what makes the session leave it: its end, the gateway's farewell, or its silence.</summary>
internal sealed class SessionLink
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<GoAwayNotice> _goingAway = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource<CancellationToken> _silent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource _heard = new();

    /// <summary>Listens to a client before it says Hello.</summary>
    public SessionLink(ChatClient client)
    {
        Client = client;
        client.GoingAway += notice => _goingAway.TrySetResult(notice);
        client.SilenceChanged = OnSilence;
    }

    /// <summary>The connection.</summary>
    public ChatClient Client { get; }

    /// <summary>Completes when the gateway is going away.</summary>
    public Task<GoAwayNotice> GoingAway => _goingAway.Task;

    /// <summary>Completes when the gateway does not answer, with what is cancelled when it is heard again.</summary>
    public Task<CancellationToken> Silent
    {
        get
        {
            lock (_gate)
            {
                return _silent.Task;
            }
        }
    }

    /// <summary>Whether a newer connection of the session has said Hello, upon which a gateway may end this one.</summary>
    public bool IsSuperseded { get; set; }

    private void OnSilence(bool isSilent)
    {
        CancellationTokenSource? heard = null;
        lock (_gate)
        {
            if (isSilent)
            {
                _silent.TrySetResult(_heard.Token);
            }
            else
            {
                _silent = new TaskCompletionSource<CancellationToken>(TaskCreationOptions.RunContinuationsAsynchronously);
                (heard, _heard) = (_heard, new CancellationTokenSource());
            }
        }

        // Never on the reading task, which tells of it.
        _ = heard?.CancelAsync();
    }
}
