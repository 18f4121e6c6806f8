using QuicChat.Cli.Chat;

namespace QuicChat.Cli.Tests.Chat;

public sealed class TerminalScreenTests
{
    private readonly StringWriter _terminal = new() { NewLine = "\n" };
    private readonly TerminalScreen _screen;

    public TerminalScreenTests() => _screen = new TerminalScreen(_terminal, () => 20);

    [Fact]
    public void A_message_scrolls_above_the_line_being_typed()
    {
        Type("half a th");
        _terminal.GetStringBuilder().Clear();

        _screen.Show("ann: hello");

        Assert.Equal("\r\e[Kann: hello\n> half a th", _terminal.ToString());
    }

    [Fact]
    public void The_cursor_stays_where_it_was()
    {
        Type("half");
        _screen.Press(new ConsoleKeyInfo('\0', ConsoleKey.LeftArrow, false, false, false));
        _terminal.GetStringBuilder().Clear();

        _screen.Show("ann: hello");

        Assert.EndsWith("> half\e[1D", _terminal.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_are_read_as_they_are_finished_and_empty_ones_are_not_sent()
    {
        Type("one");
        Enter();
        Enter();
        Type("two");
        Enter();

        Assert.Equal("one", await _screen.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Equal("two", await _screen.ReadLineAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Control_D_ends_it_on_an_empty_line_alone()
    {
        var end = new ConsoleKeyInfo('\u0004', ConsoleKey.D, false, false, control: true);
        Type("x");
        Assert.True(_screen.Press(end));
        _screen.Press(new ConsoleKeyInfo('\b', ConsoleKey.Backspace, false, false, false));

        Assert.False(_screen.Press(end));
        Assert.Null(await _screen.ReadLineAsync(TestContext.Current.CancellationToken));
    }

    private void Type(string text)
    {
        foreach (var letter in text)
        {
            _screen.Press(new ConsoleKeyInfo(letter, ConsoleKey.None, false, false, false));
        }
    }

    private void Enter() => _screen.Press(new ConsoleKeyInfo('\r', ConsoleKey.Enter, false, false, false));
}
