using QuicChat.Protocol.V1;
using Xunit;

namespace QuicChat.Client.Tests;

/// <summary>Tokens that are replaced before they expire.</summary>
public sealed class RefreshTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(0, 75)]
    [InlineData(0.5, 80)]
    [InlineData(1, 85)]
    public async Task ATokenIsReplacedBeforeItExpiresAndSoIsTheNext(double jitter, int percent)
    {
        var tokens = new Tokens();
        using var gateway = new TestGateway { Welcome = Welcome(1000 * Second), Jitter = () => jitter };
        var (client, connection) = await gateway.ConnectAsync(gateway.Options(tokenProvider: tokens.FetchAsync));
        await using (client)
        {
            await gateway.Events.NextAsync("TokenRefreshDue");
            Assert.Empty(await AfterAsync(gateway, connection, ((10 * percent) - 1) * Second));
            gateway.Time.Advance(Second);
            Assert.Equal(new ClientFrame { Refresh = new Refresh { Token = "token-2" } }, await connection.Control.ReadAsync());
            await connection.Control.SendAsync(new ServerFrame { Refreshed = new Refreshed { TokenExpiresInMs = 100_000 } });
            await gateway.Events.NextAsync("TokenRefreshDue");
            gateway.Time.Advance(percent * Second);
            Assert.Equal("token-3", (await connection.Control.ReadAsync()).Refresh.Token);
            await connection.Control.SendAsync(new ServerFrame { Refreshed = new Refreshed() });
            Assert.Empty(await AfterAsync(gateway, connection, TimeSpan.FromHours(1)));
        }
    }

    [Fact]
    public async Task AProviderThatFailsIsAskedAgainWhileThereIsTime()
    {
        var tokens = new Tokens { Fails = number => number is 2 or 3 };
        using var gateway = new TestGateway { Welcome = Welcome(1000 * Second), Jitter = () => 0.5 };
        var (client, connection) = await gateway.ConnectAsync(gateway.Options(tokenProvider: tokens.FetchAsync));
        await using (client)
        {
            await gateway.Events.NextAsync("TokenRefreshDue");
            gateway.Time.Advance(800 * Second);
            await tokens.AskedAsync(2);
            await gateway.Events.NextAsync("TokenRefreshDue");
            gateway.Time.Advance(160 * Second);
            await tokens.AskedAsync(3);
            await gateway.Events.NextAsync("TokenRefreshDue");
            gateway.Time.Advance(32 * Second);
            Assert.Equal("token-4", (await connection.Control.ReadAsync()).Refresh.Token);
        }
    }

    [Fact]
    public async Task AnExpiryThatIsNotToldOrATokenThatIsGivenOnceIsNotReplaced()
    {
        var tokens = new Tokens();
        using var gateway = new TestGateway { Welcome = Welcome(TimeSpan.Zero) };
        var (client, connection) = await gateway.ConnectAsync(gateway.Options(tokenProvider: tokens.FetchAsync));
        await using (client)
        {
            Assert.Empty(await AfterAsync(gateway, connection, TimeSpan.FromHours(1)));
        }

        using var other = new TestGateway { Welcome = Welcome(1000 * Second) };
        (client, connection) = await other.ConnectAsync();
        await using (client)
        {
            Assert.Empty(await AfterAsync(other, connection, TimeSpan.FromHours(1)));
        }
    }

    [Fact]
    public async Task ARefreshThatNobodyAskedForIsAViolation()
    {
        using var gateway = new TestGateway();
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            await connection.Control.SendAsync(new ServerFrame { Refreshed = new Refreshed { TokenExpiresInMs = 1 } });
            Assert.Contains("Refreshed answers no Refresh", (await client.Closed.For("the end")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AProviderThatHangsDoesNotHoldTheEnd()
    {
        var tokens = new Tokens { Hangs = number => number == 2 };
        using var gateway = new TestGateway { Welcome = Welcome(1000 * Second) };
        var (client, connection) = await gateway.ConnectAsync(gateway.Options(tokenProvider: tokens.FetchAsync));
        await gateway.Events.NextAsync("TokenRefreshDue");
        gateway.Time.Advance(900 * Second);
        await tokens.AskedAsync(2);
        await client.DisposeAsync().AsTask().For("the client to be disposed");
    }

    private static Welcome Welcome(TimeSpan life)
    {
        var welcome = new TestGateway().Welcome.Clone();
        welcome.TokenExpiresInMs = (uint)life.TotalMilliseconds;
        return welcome;
    }

    private static async Task<List<ClientFrame>> AfterAsync(TestGateway gateway, GatewayConnection connection, TimeSpan time)
    {
        gateway.Time.Advance(time);
        return await connection.ReadControlUntilNowAsync();
    }

    private sealed class Tokens
    {
        private readonly Dictionary<int, TaskCompletionSource> _asked = Enumerable.Range(1, 9)
            .ToDictionary(number => number, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

        private int _number;

        public Func<int, bool> Fails { get; init; } = _ => false;

        public Func<int, bool> Hangs { get; init; } = _ => false;

        public async ValueTask<string> FetchAsync(CancellationToken cancellationToken)
        {
            var number = ++_number;
            _asked[number].SetResult();
            if (Hangs(number))
            {
                await new TaskCompletionSource().Task;
            }

            return Fails(number) ? throw new HttpRequestException("no network") : $"token-{number}";
        }

        public Task AskedAsync(int number) => _asked[number].Task.For($"token {number} to be asked for");
    }
}
