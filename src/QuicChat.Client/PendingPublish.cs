namespace QuicChat.Client;

/// <summary>A message that the application has published and that is not answered yet.</summary>
/// <param name="body">The text.</param>
internal sealed class PendingPublish(string body)
    : TaskCompletionSource<PublishReceipt>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    /// <summary>The text.</summary>
    public string Body { get; } = body;

    /// <summary>The number that it was sent under; 0 for none, or where that number is free again.</summary>
    public long ClientSeq { get; set; }

    /// <summary>Whether it has been sent, and the gateway has not said that it was refused.</summary>
    public bool MayBeStored { get; set; }
}
