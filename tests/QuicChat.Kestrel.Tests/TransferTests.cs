using System.Security.Cryptography;
using QuicChat.Kestrel.Tests.Support;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Paths;
using Xunit;

namespace QuicChat.Kestrel.Tests;

/// <summary>Another implementation's client transfers 100 MB, and moves while it does.</summary>
public sealed class TransferTests : IDisposable
{
    private const long Length = 100_000_000;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("quicchat-http3-");

    [Fact]
    public async Task A_download_arrives_whole()
    {
        var connection = await DownloadAsync();

        Assert.Empty(connection.Events);
        Assert.Equal(0, connection.ReplacedIds);
    }

    [Fact]
    public async Task A_client_that_migrates_by_itself_is_one_migration_and_costs_no_byte()
    {
        var connection = await DownloadAsync("--change-local-addr=300ms");

        AssertOneMigration(connection);

        // The client speaks to the new path with another of the server's IDs (RFC 9000, section 9.5), and gives the former one back.
        Assert.Equal(1, connection.ReplacedIds);
    }

    [Fact]
    public async Task A_NAT_rebinding_is_one_migration_and_costs_no_byte()
    {
        // gtlsclient does not hear what still comes to its former socket. So it must send something by itself for the server to follow it:
        // it uploads as well, into windows that never stop it.
        var connection = await ExchangeAsync("--change-local-addr=300ms", "--nat-rebinding");

        AssertOneMigration(connection);

        // A client that does not know that it has moved goes on with the ID that it has.
        Assert.Equal(0, connection.ReplacedIds);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private async Task<WatchedConnection> DownloadAsync(params string[] options)
    {
        var seed = Seeds.New();
        await using var app = await App.StartAsync();

        await GtlsClient.RunAsync(app.EndPoint, ["-q", $"--download={_folder.FullName}", .. options], $"/data/{Length}/{seed}");

        await AssertDownloadedAsync(seed);
        return await FinishAsync(app);
    }

    private async Task<WatchedConnection> ExchangeAsync(params string[] options)
    {
        var seed = Seeds.New();
        var upload = Path.Combine(_folder.FullName, "upload");
        await using (var file = File.Create(upload))
        {
            foreach (var piece in SeededBytes.Pieces(Length, seed + 1))
            {
                await file.WriteAsync(piece);
            }
        }

        await using var app = await App.StartAsync(
            options: quic => (quic.StreamReceiveWindow, quic.ConnectionReceiveWindow) = ((int)Length * 2, (int)Length * 2));

        await GtlsClient.RunAsync(
            app.EndPoint, ["-q", "-m", "POST", $"--data={upload}", $"--download={_folder.FullName}", .. options], $"/exchange/{Length}/{seed}");

        await AssertDownloadedAsync(seed);
        Assert.Equal(SeededBytes.Hash(Length, seed + 1), await app.Uploads.Reader.ReadAsync().AsTask().Within("the upload to end"));
        return await FinishAsync(app);
    }

    private async Task AssertDownloadedAsync(int seed)
    {
        await using var file = File.OpenRead(Path.Combine(_folder.FullName, $"{seed}"));
        Assert.Equal(Length, file.Length);
        Assert.Equal(SeededBytes.Hash(Length, seed), Convert.ToHexString(await SHA256.HashDataAsync(file)));
    }

    private static async Task<WatchedConnection> FinishAsync(App app)
    {
        await app.WhenEmptyAsync();
        Assert.Empty(app.Log.Complaints);
        var connection = Assert.Single(app.Connections);
        await connection.Ended.Within("the events to end");
        TestContext.Current.TestOutputHelper?.WriteLine($"{string.Join('\n', connection.Events)}\nReplaced IDs: {connection.ReplacedIds}");
        return connection;
    }

    private static void AssertOneMigration(WatchedConnection connection)
    {
        var (detected, validated) = connection.Events is [PathEvent.Detected first, PathEvent.Validated second]
            ? (first, second)
            : throw new Xunit.Sdk.XunitException($"These are not the events of one migration:\n{string.Join('\n', connection.Events)}");
        Assert.Equal(PathChangeKind.PortOnly, detected.Kind);
        Assert.Equal(detected.To, validated.Path);
        Assert.Equal(ValidationEvidence.Exact, validated.Evidence);
    }
}
