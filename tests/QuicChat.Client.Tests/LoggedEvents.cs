using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace QuicChat.Client.Tests;

/// <summary>What the library logs, as events to wait for.</summary>
internal sealed class LoggedEvents : ILoggerFactory, ILogger
{
    private readonly ConcurrentDictionary<string, Channel<string>> _events = new(StringComparer.Ordinal);

    /// <summary>All events so far, for a test that fails.</summary>
    public ConcurrentQueue<string> All { get; } = new();

    /// <summary>The next event of that name, each once.</summary>
    public Task<string> NextAsync(string eventName) => Events(eventName).Reader.ReadAsync().AsTask().For($"the event {eventName}");

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
        => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var text = formatter(state, exception);
        All.Enqueue($"{eventId.Name}: {text}");
        Events(eventId.Name ?? "").Writer.TryWrite(text);
    }

    private Channel<string> Events(string name) => _events.GetOrAdd(name, _ => Channel.CreateUnbounded<string>());
}
