using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>A logger whose lines are read one by one.</summary>
internal sealed class LogLines<T> : ILogger<T>
{
    private readonly Channel<(LogLevel Level, string Text)> _lines = Channel.CreateUnbounded<(LogLevel Level, string Text)>();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        => _lines.Writer.TryWrite((logLevel, formatter(state, exception)));

    /// <summary>The next line; it is there.</summary>
    public (LogLevel Level, string Text) Next()
        => _lines.Reader.TryRead(out var line) ? line : throw new InvalidOperationException("Nothing more was logged.");

    public bool IsQuiet => _lines.Reader.Count == 0;
}
