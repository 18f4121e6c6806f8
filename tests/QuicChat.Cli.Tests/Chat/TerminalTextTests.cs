using QuicChat.Cli.Chat;

namespace QuicChat.Cli.Tests.Chat;

public sealed class TerminalTextTests
{
    [Theory]
    [InlineData("hello, wörld 😀", "hello, wörld 😀")]
    [InlineData("\e[2Jgone", "·[2Jgone")]
    [InlineData("one\ntwo\r", "one↵two·")]
    [InlineData("a\tb\0\u007f\u009b31m", "a b···31m")]
    [InlineData("a\u2028b", "a·b")]
    [InlineData("abc\u202ecba\u2066", "abc·cba·")]
    public void Texts_of_others_cannot_take_the_terminal_over(string text, string shown) => Assert.Equal(shown, TerminalText.Harmless(text));

    [Theory]
    [InlineData("", 0)]
    [InlineData("abc", 3)]
    [InlineData("你好", 4)]
    public void Width_is_in_columns(string text, int columns) => Assert.Equal(columns, TerminalText.Width(text));
}
