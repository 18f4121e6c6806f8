using QuicChat.Abstractions.Sessions;

namespace QuicChat.Grains.Sessions;

/// <summary>What is stored of the keys of session tokens.</summary>
[GenerateSerializer, Alias("quicchat.session-keys.record")]
internal sealed class SessionKeyRecord
{
    /// <summary>The keys in force; <see langword="null"/> where none were made yet.</summary>
    [Id(0)]
    public SessionKeys? Keys { get; set; }

    /// <summary>When the current one was made.</summary>
    [Id(1)]
    public DateTimeOffset MadeAt { get; set; }
}
