using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace QuicChat.Kestrel.Tests.Support;

/// <summary>Keeps what an application logs.</summary>
internal sealed class LogLines : ILoggerProvider
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = [];

    /// <summary>What was logged as a warning or worse.</summary>
    public IEnumerable<string> Complaints => _lines.Where(line => line.Level >= LogLevel.Warning).Select(line => $"{line.Level} {line.Text}");

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Logger(LogLines lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => lines._lines.Enqueue((logLevel, $"{category}: {formatter(state, exception)} {exception}"));
    }
}
