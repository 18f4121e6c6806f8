namespace QuicChat.Abstractions.Sessions;

/// <summary>The keys in force.</summary>
/// <param name="Current">What new session tokens are sealed with.</param>
/// <param name="Previous">What older ones may be sealed with, or <see langword="null"/> before the first rotation.</param>
[GenerateSerializer, Immutable, Alias("quicchat.session-keys.keys")]
public sealed record SessionKeys([property: Id(0)] SessionKey Current, [property: Id(1)] SessionKey? Previous)
{
    /// <summary>The key of this ID, if it is in force.</summary>
    public SessionKey? Find(ulong id) => Current.Id == id ? Current : Previous?.Id == id ? Previous : null;
}
