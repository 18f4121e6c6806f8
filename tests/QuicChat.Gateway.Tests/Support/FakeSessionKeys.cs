using System.Collections.Immutable;
using System.Security.Cryptography;
using QuicChat.Abstractions.Sessions;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>The keys of session tokens in memory.</summary>
internal sealed class FakeSessionKeys : ISessionKeyGrain
{
    public CallLog Calls { get; } = new();

    public SessionKeys Keys { get; private set; } = new(NewKey(1), null);

    public void Rotate() => Keys = new SessionKeys(NewKey(Keys.Current.Id + 1), Keys.Current);

    public async Task<SessionKeys> GetKeys()
    {
        await Calls.CallAsync(nameof(GetKeys));
        return Keys;
    }

    private static SessionKey NewKey(ulong id) => new(id, ImmutableArray.Create(RandomNumberGenerator.GetBytes(SessionKey.SecretLength)));
}
