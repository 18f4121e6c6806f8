using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Tests.Verbs;

public sealed class ToolExceptionTests
{
    [Fact]
    public void What_another_exception_says_is_one_line_without_names_of_parameters()
    {
        Assert.Equal("The message is too long", ToolException.OneLine(new ArgumentException("The message is too long.", "text")));
        Assert.Equal("It is too high", ToolException.OneLine(new ArgumentOutOfRangeException("port", 99_999, "It is too high.")));
        Assert.Equal("one two", ToolException.OneLine(new IOException("outer", new IOException("one\ntwo."))));
    }
}
