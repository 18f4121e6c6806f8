using QuicChat.Cli.Demo;

namespace QuicChat.Cli.Tests.Demo;

public sealed class DeliveryAuditorTests
{
    private readonly DeliveryAuditor _auditor = new();

    public DeliveryAuditorTests()
    {
        _auditor.Joined("red", "ann");
        _auditor.Joined("red", "bob");
    }

    [Fact]
    public void All_messages_once_and_in_order_at_all_members_hold()
    {
        Publish("red", "one", 1);
        Publish("red", "two", 2);
        Receive("red", "ann", ("one", 1), ("two", 2));
        Receive("red", "bob", ("one", 1), ("two", 2));

        var audit = _auditor.Audit();

        Assert.True(audit.Held);
        Assert.Equal(new DeliveryAudit(Published: 2, Expected: 4, Delivered: 4, 0, 0, 0, 0, 0), audit);
    }

    [Fact]
    public void A_message_that_one_member_lacks_is_lost()
    {
        Publish("red", "one", 1);
        Publish("red", "two", 2);
        Receive("red", "ann", ("one", 1), ("two", 2));
        Receive("red", "bob", ("two", 2));

        var audit = _auditor.Audit();

        Assert.False(audit.Held);
        Assert.Equal((1, 3), (audit.Lost, audit.Delivered));
    }

    [Fact]
    public void A_message_under_another_offset_than_acknowledged_is_lost()
    {
        Publish("red", "one", 1);
        Receive("red", "ann", ("one", 1));
        Receive("red", "bob", ("one", 7));

        Assert.Equal(1, _auditor.Audit().Lost);
    }

    [Fact]
    public void A_second_arrival_is_a_duplicate_under_whatever_offset()
    {
        Publish("red", "one", 1);
        Receive("red", "ann", ("one", 1), ("one", 1), ("one", 2));
        Receive("red", "bob", ("one", 1));

        var audit = _auditor.Audit();

        Assert.Equal((2, 0, false), (audit.Duplicated, audit.Lost, audit.Held));
    }

    [Fact]
    public void An_arrival_behind_a_higher_offset_is_reordered()
    {
        Publish("red", "one", 1);
        Publish("red", "two", 2);
        Publish("red", "three", 3);
        Receive("red", "ann", ("one", 1), ("two", 2), ("three", 3));
        Receive("red", "bob", ("three", 3), ("one", 1), ("two", 2));

        var audit = _auditor.Audit();

        Assert.Equal((2, 0, false), (audit.Reordered, audit.Lost, audit.Held));
    }

    [Fact]
    public void A_message_stored_behind_one_that_its_sender_published_later_is_reordered()
    {
        Publish("red", "one", 2, "ann");
        Publish("red", "two", 1, "ann");
        Publish("red", "three", 3, "ann");
        Publish("red", "another's one", 4, "bob");
        Receive("red", "ann", ("two", 1), ("one", 2), ("three", 3), ("another's one", 4));
        Receive("red", "bob", ("two", 1), ("one", 2), ("three", 3), ("another's one", 4));

        var audit = _auditor.Audit();

        Assert.Equal((2, 0, false), (audit.Reordered, audit.Lost, audit.Held));
    }

    [Fact]
    public void A_message_that_was_never_acknowledged_is_not_expected_but_does_not_hold()
    {
        _auditor.Published("red", "ann", "one");
        Receive("red", "ann", ("one", 1));

        var audit = _auditor.Audit();

        Assert.Equal(new DeliveryAudit(Published: 1, Expected: 0, Delivered: 0, Unacknowledged: 1, 0, 0, 0, 0), audit);
        Assert.False(audit.Held);
    }

    [Fact]
    public void A_message_of_another_room_is_foreign()
    {
        _auditor.Joined("blue", "cid");
        Publish("blue", "one", 1);
        Receive("blue", "cid", ("one", 1));
        Receive("red", "ann", ("one", 1));

        var audit = _auditor.Audit();

        Assert.Equal((1, 0, false), (audit.Foreign, audit.Lost, audit.Held));
    }

    [Fact]
    public void Two_messages_acknowledged_under_one_offset_cannot_both_stand()
    {
        Publish("red", "one", 1);
        Publish("red", "two", 1);
        Receive("red", "ann", ("one", 1));
        Receive("red", "bob", ("one", 1));

        Assert.Equal(2, _auditor.Audit().Lost);
    }

    [Fact]
    public void Holes_are_offsets_missing_between_the_first_and_the_newest()
    {
        Assert.Equal(0, _auditor.HolesAt("red", "ann"));

        Receive("red", "ann", ("five", 5), ("nine", 9), ("eight", 8), ("eight", 8));

        Assert.Equal(2, _auditor.HolesAt("red", "ann"));
    }

    private void Publish(string room, string text, long offset, string sender = "ann")
    {
        _auditor.Published(room, sender, text);
        _auditor.Acknowledged(room, text, offset);
    }

    private void Receive(string room, string member, params (string Text, long Offset)[] messages)
    {
        foreach (var (text, offset) in messages)
        {
            _auditor.Received(room, member, text, offset);
        }
    }
}
