namespace QuicChat.Client;

/// <summary>A message that the application has published and that is not answered yet.</summary>
/// <param name="body">The text.</param>
internal sealed class PendingPublish(string body)
    : TaskCompletionSource<PublishReceipt>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    /// <summary>The text.</summary>
    public string Body { get; } = body;

    /// <summary>The number that it was last sent under.</summary>
    public long ClientSeq { get; set; }

    /// <summary>Whether the gateway has answered for that number.</summary>
    public bool IsAnswered { get; set; }
}
