using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Paths;
using QuicChat.Quic.Simulation;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests;

/// <summary>What the server's end says when a client's path changes, over real sockets through the simulator.</summary>
public abstract class PathMigrationTests(TestEngine engine, ITestOutputHelper output) : Conformance(engine)
{
    public sealed class OnNgtcp2(ITestOutputHelper output) : PathMigrationTests(TestEngine.Ngtcp2, output);

    public sealed class OnSystem(ITestOutputHelper output) : PathMigrationTests(TestEngine.System, output);

    [Theory]
    [InlineData(null, PathChangeKind.PortOnly)]
    [InlineData("127.0.0.2", PathChangeKind.Address)]
    [InlineData("::1", PathChangeKind.Family)]
    public async Task A_change_of_path_is_detected_and_validated(string? address, PathChangeKind kind)
    {
        await using var pair = await SimulatedConnection.StartAsync(Engine);
        await using var stream = await pair.Client.OpenStreamAsync();
        await stream.EchoAsync("before");
        var before = pair.PathFeature.CurrentPath;

        var path = pair.Path.Rebind(address is null ? null : IPAddress.Parse(address));
        Assert.Equal("after", await stream.EchoAsync("after"));

        var detected = await pair.Accepted.NextPathEventAsync<PathEvent.Detected>();
        await ConfirmAsync(pair, stream);
        var validated = await pair.Accepted.NextPathEventAsync<PathEvent.Validated>();
        output.WriteLine($"validated after {validated.Duration.TotalMilliseconds:0.0} ms");
        Assert.Equal(kind, detected.Kind);
        Assert.Equal(before, detected.From);
        Assert.Equal(path.LocalEndPoint, detected.To.Remote);
        Assert.Equal(detected.To, validated.Path);
        Assert.Equal(
            Engine.Capabilities.HasFlag(PathCapabilities.ExactValidation) ? ValidationEvidence.Exact : ValidationEvidence.Inferred, validated.Evidence);
        Assert.Equal(Engine.Capabilities, pair.PathFeature.Capabilities);
        Assert.Equal(detected.To, pair.PathFeature.CurrentPath);
        Assert.Equal(path.LocalEndPoint, pair.Accepted.RemoteEndPoint);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ten_rebindings_in_a_row_are_ten_migrations(bool manyAddresses)
    {
        RequireManyAddresses(manyAddresses);
        await using var pair = await SimulatedConnection.StartAsync(Engine);
        await using var stream = await pair.Client.OpenStreamAsync();
        await stream.EchoAsync("before");
        for (var i = 0; i < 10; i++)
        {
            var path = pair.Path.Rebind(manyAddresses && i % 2 != 0 ? IPAddress.Parse($"127.0.0.{2 + i}") : null);
            Assert.Equal($"message {i}", await stream.EchoAsync($"message {i}"));
            await pair.Accepted.NextPathEventAsync<PathEvent.Detected>();
            await ConfirmAsync(pair, stream);
            var validated = await pair.Accepted.NextPathEventAsync<PathEvent.Validated>();
            Assert.Equal(path.LocalEndPoint, validated.Path.Remote);
        }
    }

    [Fact]
    public async Task A_denied_path_is_told_once_and_not_used_and_the_next_one_is()
    {
        Engine.Require(PathCapabilities.Refusal);
        var denied = IPAddress.Parse("127.0.0.2");
        await using var pair = await SimulatedConnection.StartAsync(Engine);
        await using var stream = await pair.Client.OpenStreamAsync();
        await stream.EchoAsync("before");
        var before = pair.PathFeature.CurrentPath;
        pair.PathFeature.Judge = (_, candidate) => candidate.Remote.Address.Equals(denied) ? "not there" : null;

        var refused = pair.Path.Rebind(denied);
        var echo = stream.EchoAsync("after");
        var told = await pair.Accepted.NextPathEventAsync<PathEvent.Denied>();
        Assert.Equal((PathChangeKind.Address, "not there"), (told.Kind, told.Reason));
        Assert.Equal((before, refused.LocalEndPoint), (told.From, told.To.Remote));
        Assert.Equal(before, pair.PathFeature.CurrentPath);
        Assert.False(echo.IsCompleted);

        // What the client sent meanwhile arrives by the path that is not denied.
        var taken = pair.Path.Rebind(IPAddress.Parse("127.0.0.3"));
        Assert.Equal("after", await echo);
        await pair.Accepted.NextPathEventAsync<PathEvent.Detected>();
        Assert.Equal(taken.LocalEndPoint, (await pair.Accepted.NextPathEventAsync<PathEvent.Validated>()).Path.Remote);
    }

    [Theory]
    [InlineData(CopyOrder.CopyFirst)]
    [InlineData(CopyOrder.CopyAfter)]
    public async Task A_packet_copied_from_a_foreign_address_moves_nothing(CopyOrder order)
    {
        await using var pair = await SimulatedConnection.StartAsync(Engine);
        await using var stream = await pair.Client.OpenStreamAsync();
        await stream.EchoAsync("before");
        var before = pair.PathFeature.CurrentPath;

        var copied = pair.Path.CopyNextAsync(pair.Simulator.OpenForeignSource(IPAddress.Parse("127.0.0.66")), order);
        Assert.Equal("copied", await stream.EchoAsync("copied"));
        await copied.Within("the datagram to be copied");
        Assert.Equal("after", await stream.EchoAsync("after"));

        if (order == CopyOrder.CopyFirst && Engine.Capabilities.HasFlag(PathCapabilities.ExactValidation))
        {
            var detected = await pair.Accepted.NextPathEventAsync<PathEvent.Detected>();
            Assert.Equal(IPAddress.Parse("127.0.0.66"), detected.To.Remote.Address);
            var reverted = await pair.Accepted.NextPathEventAsync<PathEvent.Reverted>();
            Assert.Equal(before, reverted.Path);
        }

        // A duplicate moves nothing: the next event is that of the next real change.
        var path = pair.Path.Rebind();
        await stream.EchoAsync("moved");
        var next = await pair.Accepted.NextPathEventAsync<PathEvent.Detected>();
        if (next.To.Remote.Address.Equals(IPAddress.Parse("127.0.0.66")))
        {
            // An engine that looks from time to time sees so short a stay by chance.
            await pair.Accepted.NextPathEventAsync<PathEvent.Reverted>();
            next = await pair.Accepted.NextPathEventAsync<PathEvent.Detected>();
        }

        Assert.Equal((before, path.LocalEndPoint), (next.From, next.To.Remote));
    }

    [Fact]
    public async Task A_change_that_no_round_trip_confirms_in_time_ends_unknown_where_validation_is_not_seen()
    {
        Assert.SkipWhen(Engine.Capabilities.HasFlag(PathCapabilities.ExactValidation), "This engine sees validation.");
        await using var pair = await SimulatedConnection.StartAsync(Engine);
        await using var stream = await pair.Client.OpenStreamAsync();
        await stream.EchoAsync("before");

        pair.Path.Rebind();
        await stream.EchoAsync("after");

        var detected = await pair.Accepted.NextPathEventAsync<PathEvent.Detected>();
        var unknown = await pair.Accepted.NextPathEventAsync<PathEvent.Unknown>();
        Assert.Equal(detected.To, unknown.Path);
        Assert.InRange(unknown.Duration, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4));
        await ConfirmAsync(pair, stream);
        Assert.False(pair.PathFeature.Events.TryRead(out var late), $"A late round trip said {late}.");
    }

    [Fact]
    public async Task A_denied_path_is_told_once_the_client_is_shown_to_be_there_where_it_cannot_be_refused()
    {
        Assert.SkipWhen(Engine.Capabilities.HasFlag(PathCapabilities.Refusal), "This engine keeps clients from paths that are denied.");
        var denied = IPAddress.Parse("127.0.0.2");
        await using var pair = await SimulatedConnection.StartAsync(Engine);
        await using var stream = await pair.Client.OpenStreamAsync();
        await stream.EchoAsync("before");
        pair.PathFeature.Judge = (_, candidate) => candidate.Remote.Address.Equals(denied) ? "not there" : null;

        var path = pair.Path.Rebind(denied);
        Assert.Equal("after", await stream.EchoAsync("after"));

        var detected = await pair.Accepted.NextPathEventAsync<PathEvent.Detected>();
        Assert.False(pair.PathFeature.Events.TryRead(out var early), $"Before a round trip came {early}.");
        await ConfirmAsync(pair, stream);
        await ConfirmAsync(pair, stream);
        var told = await pair.Accepted.NextPathEventAsync<PathEvent.Denied>();
        Assert.Equal((PathChangeKind.Address, "not there"), (told.Kind, told.Reason));
        Assert.Equal((detected.From, path.LocalEndPoint), (told.From, told.To.Remote));
        Assert.False(pair.PathFeature.Events.TryRead(out var again), $"After it was told came {again}.");
    }

    [Fact]
    public async Task A_path_that_stays_dead_fails_at_the_deadline()
    {
        Engine.Require(PathCapabilities.ValidationFailure);
        await using var pair = await SimulatedConnection.StartAsync(Engine, migrationTimeout: TimeSpan.FromSeconds(2));
        await using var stream = await pair.Client.OpenStreamAsync();
        await stream.EchoAsync("before");

        // The client is heard on its new path, but nothing gets back to it.
        pair.Path.Blackhole = LinkDirections.ToClient;
        pair.Path.Rebind();
        await stream.Transport.Output.WriteAsync("into the void"u8.ToArray());

        var detected = await pair.Accepted.NextPathEventAsync<PathEvent.Detected>();
        var failed = await pair.Accepted.NextPathEventAsync<PathEvent.Failed>();
        Assert.Equal(detected.To, failed.Path);
        Assert.InRange(failed.Duration, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4));
        Assert.Contains("2 s", failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_deadline_can_be_moved_while_an_attempt_is_in_flight()
    {
        Engine.Require(PathCapabilities.ValidationFailure);
        await using var pair = await SimulatedConnection.StartAsync(Engine, migrationTimeout: TimeSpan.FromMinutes(10));
        await using var stream = await pair.Client.OpenStreamAsync();
        await stream.EchoAsync("before");
        pair.Path.Blackhole = LinkDirections.ToClient;
        pair.Path.Rebind();
        await stream.Transport.Output.WriteAsync("into the void"u8.ToArray());
        await pair.Accepted.NextPathEventAsync<PathEvent.Detected>();

        pair.PathFeature.MigrationTimeout = TimeSpan.FromMilliseconds(100);

        await pair.Accepted.NextPathEventAsync<PathEvent.Failed>();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Sixteen_MiB_across_five_rebindings_arrive_whole_and_in_order(bool manyAddresses)
    {
        RequireManyAddresses(manyAddresses);
        const int Total = 16 * 1024 * 1024;
        const int Seed = 20260;
        output.WriteLine($"seed {Seed}");
        var data = new byte[Total];
        new Random(Seed).NextBytes(data);

        // Where all is acknowledged when the path changes, the client has nothing to send, and the server cannot reach it: so it asks each second, as the library does.
        await using var pair = await SimulatedConnection.StartAsync(Engine, SendAsync, keepAlive: TimeSpan.FromSeconds(1));
        await using var stream = await pair.Client.OpenStreamAsync();
        await stream.Transport.Output.WriteAsync("go"u8.ToArray());

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var received = 0;
        var rebinds = 0;
        while (true)
        {
            var result = await stream.Transport.Input.ReadAsync().AsTask().Within($"more than {received} bytes after {rebinds} rebindings");
            foreach (var segment in result.Buffer)
            {
                hash.AppendData(segment.Span);
                received += segment.Length;
            }

            stream.Transport.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                break;
            }

            if (rebinds < 5 && received > (rebinds + 1) * (Total / 6))
            {
                rebinds++;
                pair.Path.Rebind(manyAddresses ? IPAddress.Parse($"127.0.0.{rebinds + 1}") : null);
            }
        }

        Assert.Equal((Total, 5), (received, rebinds));
        Assert.Equal(Convert.ToHexString(SHA256.HashData(data)), Convert.ToHexString(hash.GetHashAndReset()));

        async Task SendAsync(ConnectionContext stream)
        {
            await stream.Transport.Output.WriteAsync(data);
            await stream.Transport.Output.CompleteAsync();
            await stream.Transport.Input.ReadAsync();
        }
    }

    private void RequireManyAddresses(bool manyAddresses)
        => Assert.SkipWhen(
            manyAddresses && Engine.MostAddresses < 6, $"The engine '{Engine.Kind}' follows a client to {Engine.MostAddresses} addresses in all.");

    // As a session does: a round trip that was begun after the change was detected.
    private static async Task ConfirmAsync(SimulatedConnection pair, ConnectionContext stream)
    {
        Assert.Equal("round trip", await stream.EchoAsync("round trip"));
        pair.PathFeature.Confirm();
    }
}
