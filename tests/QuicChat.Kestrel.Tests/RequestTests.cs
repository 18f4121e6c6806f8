using System.Security.Cryptography;
using System.Text;
using QuicChat.Kestrel.Tests.Support;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;
using Xunit;

namespace QuicChat.Kestrel.Tests;

/// <summary>What clients do with requests, and what the application sees of it.</summary>
public sealed class RequestTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("quicchat-http3-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Thirty_responses_at_once_arrive_whole()
    {
        const int Length = 1_000_000;
        var seed = Seeds.New();
        var seeds = Enumerable.Range(0, 30).Select(i => seed ^ i).ToList();
        await using var app = await App.StartAsync();

        await GtlsClient.RunAsync(app.EndPoint, ["-q", $"--download={_folder.FullName}"], [.. seeds.Select(s => $"/data/{Length}/{s}")]);

        foreach (var one in seeds)
        {
            var bytes = await File.ReadAllBytesAsync(Path.Combine(_folder.FullName, $"{one}"));
            Assert.Equal(SeededBytes.Hash(Length, one), Convert.ToHexString(SHA256.HashData(bytes)));
        }

        await app.WhenEmptyAsync();
        Assert.Empty(app.Log.Complaints);
    }

    [Fact]
    public async Task An_upload_arrives_whole()
    {
        var bytes = new byte[20_000_000];
        new Random(Seeds.New()).NextBytes(bytes);
        var upload = Path.Combine(_folder.FullName, "upload");
        await File.WriteAllBytesAsync(upload, bytes);
        await using var app = await App.StartAsync();

        await GtlsClient.RunAsync(app.EndPoint, ["-q", "-m", "POST", $"--data={upload}", $"--download={_folder.FullName}"], "/hash");

        Assert.Equal(Convert.ToHexString(SHA256.HashData(bytes)), await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "hash")));
        Assert.Empty(app.Log.Complaints);
    }

    [Fact]
    public async Task A_request_that_the_client_cancels_is_aborted_at_once_and_its_connection_lives_on()
    {
        await using var app = await App.StartAsync();
        await using var client = await Http3Client.ConnectAsync(app.EndPoint);
        await using var response = await client.GetAsync("/slow");
        Assert.Equal("begin ", Encoding.UTF8.GetString(await response.ReadAsync()));
        var request = await app.Slow.Reader.ReadAsync().AsTask().Within("the request");

        response.Cancel();

        await request.Aborted.Within("the request to be aborted");
        Assert.StartsWith("HTTP/3 https", await client.GetTextAsync("/where"), StringComparison.Ordinal);
        Assert.Empty(app.Log.Complaints);
    }

    [Fact]
    public async Task A_response_that_nobody_reads_waits_and_ends_when_the_client_cancels_it()
    {
        await using var app = await App.StartAsync();
        await using var client = await Http3Client.ConnectAsync(app.EndPoint);
        await using var response = await client.GetAsync("/data/100000000/1");
        await response.ReadAsync();

        response.Cancel();

        Assert.StartsWith("HTTP/3 https", await client.GetTextAsync("/where"), StringComparison.Ordinal);
        await client.DisposeAsync();
        await app.WhenEmptyAsync();
        Assert.Empty(app.Log.Complaints);
    }

    [Fact]
    public async Task A_client_that_goes_away_during_requests_leaves_nothing_behind()
    {
        await using var app = await App.StartAsync();
        await using (var client = await Http3Client.ConnectAsync(app.EndPoint))
        {
            await (await client.GetAsync("/data/100000000/1")).ReadAsync();
            await (await client.GetAsync("/slow")).ReadAsync();
            await client.GetAsync("/where", ends: false);
        }

        var request = await app.Slow.Reader.ReadAsync().AsTask().Within("the request");
        await request.Aborted.Within("the request to be aborted");
        await app.WhenEmptyAsync();
        Assert.Empty(app.Log.Complaints);
    }

    [Fact]
    public async Task An_application_that_stops_lets_requests_end_and_their_clients_have_the_whole_answer()
    {
        const int Length = 8_000_000;
        var seed = Seeds.New();
        await using var app = await App.StartAsync();
        await using var client = await Http3Client.ConnectAsync(app.EndPoint, window: 64 * 1024);
        await using var slow = await client.GetAsync("/slow");
        await slow.ReadAsync();
        var request = await app.Slow.Reader.ReadAsync().AsTask().Within("the request");
        await using var large = await client.GetAsync($"/data/{Length}/{seed}");
        using var received = new MemoryStream();
        received.Write(await large.ReadAsync());

        var stopping = app.StopAsync();

        await client.GoneAway.Within("GOAWAY");
        await Assert.ThrowsAsync<QuicConnectionClosedException>(() => Http3Client.ConnectAsync(app.EndPoint));
        received.Write(await large.ReadToEndAsync());
        Assert.False(stopping.IsCompleted);
        request.MayEnd.SetResult();
        Assert.Equal("end", Encoding.UTF8.GetString(await slow.ReadToEndAsync()));
        Assert.Equal(SeededBytes.Hash(Length, seed), Convert.ToHexString(SHA256.HashData(received.ToArray())));

        // Kestrel leaves it to clients with requests to close the connection after them.
        await client.DisposeAsync();
        await stopping.Within("the application to stop");
        Assert.Empty(app.Log.Complaints);
    }

    [Fact]
    public async Task An_application_that_stops_says_goodbye_to_clients_without_requests()
    {
        await using var app = await App.StartAsync();
        await using var client = await Http3Client.ConnectAsync(app.EndPoint);
        await client.GetTextAsync("/where");

        await app.StopAsync().Within("the application to stop");

        // H3_NO_ERROR.
        await client.GoneAway.Within("GOAWAY");
        var closure = await client.Closed.Within("the connection to end");
        Assert.Equal((ConnectionCloseOrigin.Peer, 0x100u), (closure.Origin, closure.ApplicationErrorCode));
        Assert.Empty(app.Log.Complaints);
    }

    [Fact]
    public async Task A_hundred_connections_one_after_another_leave_nothing_behind()
    {
        await using var app = await App.StartAsync();
        for (var i = 0; i < 100; i++)
        {
            await using var client = await Http3Client.ConnectAsync(app.EndPoint);
            Assert.StartsWith("HTTP/3 https 127.0.0.1", await client.GetTextAsync("/where"), StringComparison.Ordinal);
        }

        await app.WhenEmptyAsync();
        Assert.Equal(100, app.Connections.Count);
        Assert.Empty(app.Log.Complaints);
    }

    [Fact]
    public async Task Each_request_sees_where_its_client_was_when_it_began()
    {
        await using var app = await App.StartAsync();
        await using var client = await Http3Client.ConnectAsync(app.EndPoint);
        var first = await client.GetTextAsync("/where");

        await client.Connection.Features.Get<IConnectionMigrationFeature>()!.MigrateAsync(new(System.Net.IPAddress.Parse("127.0.0.2"), 0));

        var second = (await client.GetTextAsync("/where")).Split(' ');
        Assert.StartsWith("HTTP/3 https 127.0.0.1 ", first, StringComparison.Ordinal);
        Assert.Equal("127.0.0.2", second[2]);

        // The path, which moves with the client, is there for requests too.
        Assert.Equal($"{second[2]}:{second[3]}", second[4]);
    }
}
