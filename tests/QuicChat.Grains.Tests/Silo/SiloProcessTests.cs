using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Abstractions.Rooms;
using QuicChat.Store.Tests;
using StackExchange.Redis;
using Xunit;

namespace QuicChat.Grains.Tests.Silo;

public sealed class SiloProcessTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task ASiloOnTheProjectsStoreServesAndStopsInOrder()
    {
        using var directory = new TemporaryDirectory();
        using var store = await StoreProcess.StartAsync(directory.Path);
        using var silo = await SiloProcess.StartAsync(store.ConnectionString, "silo-7", "test");
        Assert.Equal(("silo", "silo-7"), (silo.Ready.GetProperty("ready").GetString(), silo.Ready.GetProperty("name").GetString()));

        using var http = new HttpClient { BaseAddress = silo.Web };
        Assert.Equal("{\"status\":\"live\"}", await http.GetStringAsync("/health/live"));
        Assert.Equal("{\"status\":\"ready\"}", await http.GetStringAsync("/health/ready"));
        using (var direct = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }))
        {
            Assert.Equal(HttpStatusCode.OK, (await direct.GetAsync(silo.Ready.GetProperty("dashboard").GetString())).StatusCode);
        }


        using (var client = await SiloProcess.ConnectAsync(store.ConnectionString, "test"))
        {
            var grains = client.Services.GetRequiredService<IGrainFactory>();
            var connection = grains.GetGrain<IConnectionGrain>(Guid.NewGuid().ToString("N"));
            await connection.Register(new ConnectionRegistration(
                "gw-1", "alice", "Alice", "phone", "192.0.2.1:1", "127.0.0.1:4433", "ngtcp2", DateTimeOffset.UtcNow));
            var receipt = await connection.Report(new PathReport("gw-1", [Observed(1, PathObservationType.Detected), Observed(2, PathObservationType.Validated)]));
            Assert.Equal(new PathReportReceipt(2, MigrationState.Stable, true), receipt);
            var room = grains.GetGrain<IRoomGrain>("general");
            Assert.Equal(
                new PublishReceipt(PublishOutcome.Stored, 1, 1), await room.Publish(new PublishRequest("alice", "Alice", "phone", 1, "hello", 1)));
            Assert.Equal("hello", Assert.Single((await room.Read(1, 10)).Messages).Body);
            await CountedAsync(grains);
            await client.StopAsync();
        }

        var (exitCode, errors) = await silo.CloseInputAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, exitCode);
        Assert.DoesNotContain("fail:", errors);
    }

    [Fact]
    public async Task WithoutItsStoreASiloIsUnreadyAndStillStops()
    {
        using var directory = new TemporaryDirectory();
        using var store = await StoreProcess.StartAsync(directory.Path);
        using var silo = await SiloProcess.StartAsync(store.ConnectionString, "silo-8", "test");
        using var http = new HttpClient { BaseAddress = silo.Web };

        await store.KillAsync();

        var ready = await http.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal("{\"status\":\"unready\",\"reason\":\"the store does not answer\"}", await ready.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health/live")).StatusCode);
        var (exitCode, errors) = await silo.CloseInputAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(1, exitCode);
        Assert.EndsWith("The silo could not leave the cluster in order within 7 s; it ends now.\n", errors);
    }

    [Fact]
    public async Task AStoreThatDoesNotAnswerIsNamed()
    {
        using var holder = Listen(out var port);
        holder.Stop();

        var silo = await SiloProcess.RunAsync("--store", $"127.0.0.1:{port}", "--silo-port", "0", "--client-port", "0", "--web", "http://127.0.0.1:0");

        Assert.Equal(1, silo.ExitCode);
        Assert.Equal(
            $"The store at 127.0.0.1:{port} does not answer; start it (redis-server, or QuicChat.Store), or name another with --store.\n", silo.Errors);
        Assert.Empty(silo.Output);
    }

    [Theory]
    [InlineData("--silo-port", "")]
    [InlineData("--client-port", "")]
    [InlineData("--web", "http://127.0.0.1:")]
    public async Task ATakenPortIsNamed(string option, string prefix)
    {
        using var holder = Listen(out var port);
        var arguments = new Dictionary<string, string>
        {
            ["--store"] = "127.0.0.1:1",
            ["--silo-port"] = "0",
            ["--client-port"] = "0",
            ["--web"] = "http://127.0.0.1:0",
            [option] = $"{prefix}{port}",
        };

        var silo = await SiloProcess.RunAsync([.. arguments.SelectMany(argument => new[] { argument.Key, argument.Value })]);

        Assert.Equal(1, silo.ExitCode);
        Assert.Equal(
            $"Port {port} of 127.0.0.1 is taken; stop what uses it, or choose another with {option} (0 takes a free one).\n", silo.Errors);
    }

    [Theory]
    [InlineData("--store", "127.0.0.1:1", "--bogus")]
    [InlineData("--store", "127.0.0.1:1", "--silo-port", "many")]
    [InlineData("--store", "127.0.0.1:1", "--web", "ftp://127.0.0.1")]
    [InlineData("--store", "127.0.0.1:1", "--migration-timeout", "30")]
    [InlineData("--store", "127.0.0.1:1", "--migration-timeout", "2h")]
    [InlineData("--store", "127.0.0.1:1", "--advertise", "nowhere")]
    [InlineData("--store")]
    public async Task WrongUsageEndsWith2(params string[] arguments)
    {
        var silo = await SiloProcess.RunAsync(arguments);

        Assert.Equal(2, silo.ExitCode);
        var error = Assert.Single(silo.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(arguments[^1], error);
        Assert.EndsWith(". See 'QuicChat.Silo --help'.", error);
        Assert.Empty(silo.Output);
    }

    [Theory]
    [InlineData("a,b=c", "--store is no connection string of a store (Keyword 'b' is not supported); give HOST:PORT. See 'QuicChat.Silo --help'.\n")]
    [InlineData("a:1,password=secret,b=c", "--store is no connection string of a store (Keyword 'b' is not supported); give HOST:PORT. See 'QuicChat.Silo --help'.\n")]
    public async Task AWrongConnectionStringIsWrongUsage(string store, string told)
    {
        var silo = await SiloProcess.RunAsync("--store", store);

        Assert.Equal((2, told), (silo.ExitCode, silo.Errors));
    }

    [Fact]
    public async Task ASiloThatIsTerminatedWhileItWaitsForItsStoreEndsInOrder()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM.");
        using var silent = Listen(out var port);
        using var silo = SiloProcess.Launch($"127.0.0.1:{port}", "silo-9", "test");

        // It waits for an answer, which does not come.
        using var connection = await silent.AcceptTcpClientAsync().WaitAsync(Patience);

        Assert.Equal((0, ""), await silo.TerminateAsync(TimeSpan.FromSeconds(3)));
    }

    [Fact]
    public async Task ASiloThatIsTerminatedWhileItStartsEndsInOrderAndLeavesTheCluster()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM.");
        using var directory = new TemporaryDirectory();
        using var store = await StoreProcess.StartAsync(directory.Path);
        using var silo = SiloProcess.Launch(store.ConnectionString, "silo-10", "terminated");
        await using var redis = await ConnectionMultiplexer.ConnectAsync(store.ConnectionString);
        await MemberAsync(redis, "silo-10");

        var (exitCode, _) = await silo.TerminateAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(0, exitCode);
        Assert.Contains($"\"Status\":{(int)SiloStatus.Dead}", await MemberAsync(redis, "silo-10"));
    }

    private static TcpListener Listen(out int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        port = ((IPEndPoint)listener.LocalEndpoint).Port;
        return listener;
    }

    private static PathObservation Observed(long number, PathObservationType type)
        => new(number, type, "192.0.2.1:1", "192.0.2.1:2", MigrationKind.PortOnly, DateTimeOffset.UtcNow, TimeSpan.FromMilliseconds(5), false, null);

    // A silo writes itself into the membership in the middle of its start. Each question is a round trip, so this is no busy loop.
    private static async Task<string> MemberAsync(ConnectionMultiplexer redis, string name)
    {
        for (var deadline = DateTimeOffset.UtcNow + Patience; DateTimeOffset.UtcNow < deadline;)
        {
            var members = await redis.GetDatabase().HashGetAllAsync("quicchat/members/terminated");
            if (members.Select(member => member.Value.ToString()).FirstOrDefault(row => row.Contains(name, StringComparison.Ordinal)) is { } row)
            {
                return row;
            }
        }

        throw new TimeoutException($"{name} was no member of the cluster within {Patience}.");
    }

    // The silo reports once a second; each question here is a round trip, so this is no busy loop for long.
    private static async Task CountedAsync(IGrainFactory grains)
    {
        var monitor = grains.GetGrain<IMigrationMonitorGrain>(IMigrationMonitorGrain.Key);
        var deadline = DateTimeOffset.UtcNow + Patience;
        MigrationStats stats;
        do
        {
            stats = await monitor.GetMigrationStats();
        }
        while ((stats.Connections, stats.Totals.Completed) != (1, 1) && DateTimeOffset.UtcNow < deadline);

        Assert.Equal((1, 1), (stats.Connections, stats.Totals.Completed));
        Assert.Equal("silo-7", Assert.Single(stats.Silos).Id);
    }
}
