using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Rooms;
using QuicChat.Abstractions.Sessions;
using QuicChat.Gateway.Identity;
using QuicChat.Gateway.Routing;
using QuicChat.Gateway.Sessions;
using QuicChat.Quic.Paths;

namespace QuicChat.Fuzz.Targets;

/// <summary>Session tokens: none but those that were made are valid, for those alone that they were made for.</summary>
internal sealed class SessionTokenTarget : IFuzzTarget
{
    private readonly SessionTokens _tokens;
    private readonly ConnectionId _connection = ConnectionId.Create(7);
    private readonly byte[] _good;

    public SessionTokenTarget()
    {
        // No call to the cluster fails here, so nothing is counted.
        _tokens = new SessionTokens(new OnlyKeys(), Options.Create(new SessionOptions()), TimeProvider.System, null!, NullLogger<SessionTokens>.Instance);
        _tokens.StartAsync(default).GetAwaiter().GetResult();
        _good = _tokens.Seal(_connection, "ann", "phone");
    }

    public IEnumerable<byte[]> Seeds => [[0, .. _good], [1], [1, 0, 1, 0, 1], [1, 0, 40, 3], [1, 0, 0, 0, 3]];

    public void Run(ReadOnlySpan<byte> input)
    {
        var choices = new FuzzInput(input);
        var token = (choices.Byte() & 1) == 0 ? choices.Rest() : choices.Edit(_good);
        _tokens.PrepareAsync(token.ToArray()).GetAwaiter().GetResult();
        var state = _tokens.Open(token, "ann", "phone", out var connection);
        var isGood = token.SequenceEqual(_good);
        FindingException.ThrowUnless(
            isGood ? state == SessionTokenState.Valid && connection == _connection : state == SessionTokenState.Invalid,
            $"A token that is {(isGood ? "good" : "altered")} is {state}.");
        var foreign = _tokens.Open(token, "ann", "other", out connection);
        FindingException.ThrowUnless(
            foreign == (isGood ? SessionTokenState.Foreign : SessionTokenState.Invalid) && connection == default, $"For another client it is {foreign}.");
    }

    public void Dispose()
    {
    }

    private sealed class OnlyKeys : ICluster, ISessionKeyGrain
    {
        private readonly SessionKeys _keys = new(new SessionKey(1, [.. Enumerable.Repeat((byte)5, SessionKey.SecretLength)]), null);

        public ISessionKeyGrain SessionKeys => this;

        public IGatewayObserver Observer => throw new NotSupportedException();

        public IGatewayRegistryGrain Gateways => throw new NotSupportedException();

        public Task<SessionKeys> GetKeys() => Task.FromResult(_keys);

        public IConnectionGrain Connection(ConnectionId id) => throw new NotSupportedException();

        public IRoomGrain Room(string name) => throw new NotSupportedException();
    }
}
