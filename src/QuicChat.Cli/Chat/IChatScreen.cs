namespace QuicChat.Cli.Chat;

/// <summary>Where a chat is shown and typed.</summary>
internal interface IChatScreen
{
    /// <summary>Shows a line of the chat. For any thread.</summary>
    void Show(string line);

    /// <summary>Shows something that is not a message. For any thread.</summary>
    void Note(string line);

    /// <summary>The next line that was typed, or <see langword="null"/> when there will be no more.</summary>
    Task<string?> ReadLineAsync(CancellationToken cancellationToken);
}
