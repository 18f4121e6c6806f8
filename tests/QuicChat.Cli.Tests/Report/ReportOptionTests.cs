using QuicChat.Cli.Report;

namespace QuicChat.Cli.Tests.Report;

public sealed class ReportOptionTests
{
    [Fact]
    public void A_command_line_can_be_pasted_into_a_shell()
        => Assert.Equal(
            @"./quicchat load --blackhole 5% --report '/tmp/a b' --data 'it'\''s' ''",
            ReportOption.Command(["load", "--blackhole", "5%", "--report", "/tmp/a b", "--data", "it's", ""]));
}
