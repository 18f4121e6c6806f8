using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Tests.Stack;

public sealed class StackLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_second_one_is_told_the_first_ones_process()
    {
        using var first = StackLock.Take(_folder.Data);

        var error = Assert.Throws<ToolException>(() => StackLock.Take(_folder.Data));

        Assert.Contains($"is in use by process {Environment.ProcessId};", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_can_be_taken_again_when_it_was_let_go()
    {
        StackLock.Take(_folder.Data).Dispose();

        StackLock.Take(_folder.Data).Dispose();
    }

    [Fact]
    public void What_a_killed_process_left_behind_does_not_hold()
    {
        File.WriteAllText(_folder.File("up.pid"), "1\n");
        File.WriteAllText(_folder.File("up.lock"), "");

        StackLock.Take(_folder.Data).Dispose();
    }
}
