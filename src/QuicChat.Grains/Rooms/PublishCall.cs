namespace QuicChat.Grains.Rooms;

/// <summary>A call with messages of a gateway's. Its answer is about to go once all of them are stored that it has put in line.</summary>
internal sealed class PublishCall(GatewayFeed? feed)
{
    private int _inLine;
    private bool _isDue;

    /// <summary>What there is for the gateway; <see langword="null"/> where it has not asked for messages.</summary>
    public GatewayFeed? Feed => feed;

    /// <summary>One of its messages is in line.</summary>
    public void Enter() => _inLine++;

    /// <summary>One of its messages is stored.</summary>
    public void Store()
    {
        if (--_inLine == 0 && feed is not null)
        {
            _isDue = true;
            feed.AnswersDue++;
        }
    }

    /// <summary>The answer goes, or it fails.</summary>
    public void End()
    {
        if (_isDue)
        {
            _isDue = false;
            feed!.AnswersDue--;
        }
    }
}
