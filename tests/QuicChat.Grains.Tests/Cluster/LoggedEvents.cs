using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace QuicChat.Grains.Tests.Cluster;

/// <summary>What the silos' grains have logged.</summary>
public sealed class LoggedEvents : ILoggerProvider
{
    private readonly ConcurrentQueue<(int Id, string Text)> _events = [];

    /// <summary>The texts of one event that name a room, a gateway or whatever they are about.</summary>
    public IReadOnlyList<string> Find(int id, string about)
        => [.. _events.Where(logged => logged.Id == id && logged.Text.Contains(about, StringComparison.Ordinal)).Select(logged => logged.Text)];

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName.StartsWith("QuicChat.", StringComparison.Ordinal) ? _events : null);

    public void Dispose()
    {
    }

    private sealed class Logger(ConcurrentQueue<(int Id, string Text)>? events) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => null;

        public bool IsEnabled(LogLevel logLevel) => events is not null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => events?.Enqueue((eventId.Id, formatter(state, exception)));
    }
}
