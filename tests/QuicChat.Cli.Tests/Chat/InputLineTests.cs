using QuicChat.Cli.Chat;

namespace QuicChat.Cli.Tests.Chat;

public sealed class InputLineTests
{
    private readonly InputLine _line = new();

    [Fact]
    public void Letters_go_where_the_cursor_is()
    {
        Type("helo");
        Press(ConsoleKey.LeftArrow);
        Type("l");

        Assert.Equal(("hello", 4), (_line.Text, _line.Cursor));
    }

    [Fact]
    public void Enter_finishes_the_line_and_begins_a_new_one()
    {
        Type("hello");

        Assert.Equal("hello", Press(ConsoleKey.Enter));
        Assert.Equal(("", 0), (_line.Text, _line.Cursor));
    }

    [Theory]
    [InlineData(ConsoleKey.Backspace, "one tw three", 6)]
    [InlineData(ConsoleKey.Delete, "one twothree", 7)]
    [InlineData(ConsoleKey.Home, "one two three", 0)]
    [InlineData(ConsoleKey.End, "one two three", 13)]
    public void Keys_edit_the_line(ConsoleKey key, string text, int cursor) => AssertEdit(text, cursor, () => Press(key));

    [Theory]
    [InlineData(ConsoleKey.A, "one two three", 0)]
    [InlineData(ConsoleKey.E, "one two three", 13)]
    [InlineData(ConsoleKey.U, " three", 0)]
    [InlineData(ConsoleKey.K, "one two", 7)]
    [InlineData(ConsoleKey.W, "one  three", 4)]
    public void Keys_with_control_edit_the_line(ConsoleKey key, string text, int cursor)
        => AssertEdit(text, cursor, () => Press(key, control: true));

    [Fact]
    public void Keys_at_either_end_change_nothing()
    {
        Press(ConsoleKey.Backspace);
        Press(ConsoleKey.Delete);
        Press(ConsoleKey.LeftArrow);
        Press(ConsoleKey.RightArrow);
        Press(ConsoleKey.W, control: true);
        Press(ConsoleKey.F5);

        Assert.Equal(("", 0), (_line.Text, _line.Cursor));
    }

    [Fact]
    public void A_picture_of_two_units_is_one_character()
    {
        Type("a😀b");
        Press(ConsoleKey.LeftArrow);
        Press(ConsoleKey.LeftArrow);
        Assert.Equal(1, _line.Cursor);
        Press(ConsoleKey.Delete);

        Assert.Equal("ab", _line.Text);
    }

    [Fact]
    public void Earlier_lines_come_back()
    {
        foreach (var text in (string[])["one", "two", "two"])
        {
            Type(text);
            Press(ConsoleKey.Enter);
        }

        Press(ConsoleKey.UpArrow);
        Assert.Equal("two", _line.Text);
        Press(ConsoleKey.UpArrow);
        Press(ConsoleKey.UpArrow);
        Assert.Equal("one", _line.Text);
        Press(ConsoleKey.DownArrow);
        Press(ConsoleKey.DownArrow);
        Assert.Equal("", _line.Text);
    }

    [Fact]
    public void A_line_that_is_too_long_shows_the_part_with_the_cursor()
    {
        Type("0123456789");
        Assert.Equal(("56789", 0), _line.Fit(5));

        Press(ConsoleKey.Home);
        Assert.Equal(("01234", 5), _line.Fit(5));

        Press(ConsoleKey.RightArrow);
        Press(ConsoleKey.End);
        Press(ConsoleKey.LeftArrow);
        Assert.Equal(("45678", 0), _line.Fit(5));
        Assert.Equal(("0123456789", 1), _line.Fit(80));
    }

    [Fact]
    public void Wide_characters_take_two_columns()
    {
        Type("你好吗");

        Assert.Equal(("好吗", 0), _line.Fit(5));
    }

    private void AssertEdit(string text, int cursor, Action edit)
    {
        Type("one two three");
        for (var step = 0; step < " three".Length; step++)
        {
            Press(ConsoleKey.LeftArrow);
        }

        edit();

        Assert.Equal((text, cursor), (_line.Text, _line.Cursor));
    }

    private void Type(string text)
    {
        foreach (var letter in text)
        {
            _line.Press(new ConsoleKeyInfo(letter, ConsoleKey.None, false, false, false));
        }
    }

    private string? Press(ConsoleKey key, bool control = false) => _line.Press(new ConsoleKeyInfo('\0', key, false, false, control));
}
