using System.Threading.Channels;

namespace QuicChat.Client.Tests;

/// <summary>A session's states, one by one.</summary>
internal sealed class StateLog
{
    private readonly Channel<SessionState> _states = Channel.CreateUnbounded<SessionState>();

    public StateLog(ChatSession session) => session.StateChanged += state => _states.Writer.TryWrite(state);

    /// <summary>The next state, which must be of that kind.</summary>
    public async Task<T> NextAsync<T>()
        where T : SessionState
    {
        var state = await _states.Reader.ReadAsync().AsTask().For($"the state {typeof(T).Name}");
        return state as T ?? throw new InvalidOperationException($"The state is {state}, not {typeof(T).Name}.");
    }
}
