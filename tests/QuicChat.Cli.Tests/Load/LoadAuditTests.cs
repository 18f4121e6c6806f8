using QuicChat.Cli.Load;

namespace QuicChat.Cli.Tests.Load;

public sealed class LoadAuditTests
{
    [Fact]
    public void A_member_that_gets_all_in_order_has_nothing_to_complain_of()
    {
        var check = Arrivals(10, 11, 12, 13);

        Assert.Equal((3, 0, 0, 3), (check.Delivered, check.Duplicated, check.Reordered, check.Expected(13)));
    }

    [Fact]
    public void What_comes_twice_late_or_not_at_all_is_told_apart()
    {
        // 12 comes late, 11 twice, 14 never; 16 is due and has not come.
        var check = Arrivals(10, 11, 13, 12, 11, 15);

        Assert.Equal((4, 1, 1), (check.Delivered, check.Duplicated, check.Reordered));
        Assert.Equal(2, check.Expected(16) - check.Delivered);
    }

    [Fact]
    public void A_log_tells_what_stands_in_it_twice_and_what_stands_behind_a_later_one()
    {
        var ledger = new RoomLedger(publisher => publisher < 2);
        (int Publisher, int Number)[] log = [(0, 1), (1, 1), (0, 3), (0, 2), (1, 1), (1, 2)];
        foreach (var (index, (publisher, number)) in log.Index())
        {
            ledger.Tell(index + 1, publisher, number);
        }

        Assert.Equal((5, 1, 1), ledger.Check());
        Assert.Equal((6, 0), (ledger.Highest, ledger.Foreign));
    }

    [Fact]
    public void Members_that_see_different_messages_at_one_offset_are_found()
    {
        var ledger = new RoomLedger(publisher => publisher < 2);
        ledger.Tell(1, 0, 1);
        ledger.Tell(1, 0, 1);
        ledger.Tell(1, 1, 1);
        ledger.Tell(0, 1, 2);

        // Of a client that does not publish there.
        ledger.Tell(2, 2, 1);

        Assert.Equal((1, 3), (ledger.Highest, ledger.Foreign));
    }

    [Fact]
    public void Many_threads_fill_a_log_without_losing_an_entry()
    {
        const int Messages = 100_000;
        var ledger = new RoomLedger(publisher => publisher < 2);
        Parallel.For(0, 4, member =>
        {
            for (var offset = 1; offset <= Messages; offset++)
            {
                ledger.Tell(offset, 0, offset);
            }
        });

        Assert.Equal((Messages, 0), (ledger.Highest, ledger.Foreign));
        Assert.Equal((Messages, 0, 0), ledger.Check());
    }

    [Theory]
    [InlineData(32)]
    [InlineData(100)]
    public void A_text_is_read_back_and_has_the_length_that_was_asked_for(int bytes)
    {
        var text = new MessageText(199_999, int.MaxValue, 86_400_000_000).Write("0123abcd", bytes);

        Assert.Equal(bytes, text.Length);
        Assert.True(MessageText.TryRead(text, "0123abcd", out var read));
        Assert.Equal(new MessageText(199_999, int.MaxValue, 86_400_000_000), read);
        Assert.False(MessageText.TryRead(text, "0123abce", out _));
        Assert.False(MessageText.TryRead("hello", "0123abcd", out _));
    }

    private static ArrivalCheck Arrivals(long joinedAt, params long[] offsets)
    {
        var check = new ArrivalCheck(joinedAt);
        foreach (var offset in offsets)
        {
            check.Arrived(offset);
        }

        return check;
    }
}
