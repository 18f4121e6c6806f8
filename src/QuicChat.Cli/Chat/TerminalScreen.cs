using System.Threading.Channels;

namespace QuicChat.Cli.Chat;

/// <summary>A terminal: messages scroll above the line that is being typed, and never destroy it.</summary>
internal sealed class TerminalScreen : IChatScreen
{
    private const string Prompt = "> ";
    private const string EraseLine = "\r\e[K";
    private const string Dim = "\e[2m";
    private const string Normal = "\e[0m";

    private readonly TextWriter _output;
    private readonly Func<int> _columns;
    private readonly Lock _gate = new();
    private readonly InputLine _line = new();
    private readonly Channel<string> _typed = Channel.CreateUnbounded<string>();

    /// <summary>Makes a screen.</summary>
    /// <param name="output">The terminal.</param>
    /// <param name="columns">Its width.</param>
    public TerminalScreen(TextWriter output, Func<int> columns)
    {
        _output = output;
        _columns = columns;
        Draw();
    }

    /// <summary>Makes a screen of this process' terminal and begins to read its keys.</summary>
    public static TerminalScreen OfConsole(TextWriter output)
    {
        var screen = new TerminalScreen(output, () => Console.WindowWidth);
        // A thread, since a read of the keyboard cannot be cancelled.
        new Thread(() =>
        {
            while (screen.Press(Console.ReadKey(intercept: true)))
            {
            }
        })
        { IsBackground = true, Name = "keyboard" }.Start();
        return screen;
    }

    /// <inheritdoc />
    public void Show(string line)
    {
        lock (_gate)
        {
            _output.Write(EraseLine);
            _output.WriteLine(line);
            Draw();
        }
    }

    /// <inheritdoc />
    public void Note(string line) => Show($"{Dim}{line}{Normal}");

    /// <inheritdoc />
    public async Task<string?> ReadLineAsync(CancellationToken cancellationToken)
        => await _typed.Reader.WaitToReadAsync(cancellationToken) && _typed.Reader.TryRead(out var line) ? line : null;

    /// <summary>Takes a key.</summary>
    /// <returns>Whether more are wanted: Ctrl+D on an empty line is the end.</returns>
    public bool Press(ConsoleKeyInfo key)
    {
        lock (_gate)
        {
            if (key is { Key: ConsoleKey.D, Modifiers: ConsoleModifiers.Control } && _line.Text.Length == 0)
            {
                _output.Write(EraseLine);
                _typed.Writer.TryComplete();
                return false;
            }

            if (_line.Press(key) is { Length: > 0 } finished)
            {
                _typed.Writer.TryWrite(finished);
            }

            _output.Write(EraseLine);
            Draw();
            return true;
        }
    }

    private void Draw()
    {
        // The last column stays free: a character there makes some terminals begin a new line.
        var (visible, behind) = _line.Fit(Math.Max(1, _columns() - Prompt.Length - 1));
        _output.Write(Prompt + TerminalText.Harmless(visible) + (behind > 0 ? $"\e[{behind}D" : ""));
        _output.Flush();
    }
}
