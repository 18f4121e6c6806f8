namespace QuicChat.Abstractions.Sessions;

/// <summary>
/// The keys that gateways seal session tokens with, so that any gateway can open those of any other. There is one such grain, with the key
/// <see cref="Key"/>.
/// </summary>
[Alias("quicchat.session-keys")]
public interface ISessionKeyGrain : IGrainWithStringKey
{
    /// <summary>The only key.</summary>
    const string Key = "cluster";

    /// <summary>
    /// The keys in force. They are made at random when they are asked for the first time, answered once they are durable, and replaced when
    /// they are old.
    /// </summary>
    [Alias("GetKeys")]
    Task<SessionKeys> GetKeys();
}
