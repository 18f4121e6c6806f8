using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using QuicChat.EndToEnd.Tests.Support;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.EndToEnd.Tests;

/// <summary>What comes and goes under clients: connections that are resumed, gateways that drain, processes that die and come again.</summary>
public sealed class GatewayLifeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_session_moves_between_gateways_and_one_drains()
    {
        await using var stack = new Stack("--gateways", "2");
        await stack.InitializeAsync();
        int[] ports = [.. stack.Description.GetProperty("gateways").EnumerateArray().Select(gateway => gateway.GetProperty("port").GetInt32())];

        // A session token of one gateway ends its connection from another; another user cannot.
        await using var former = await RawClient.ConnectAsync(ports[0], stack.Fingerprint);
        var session = await HelloAsync(stack, former, "ann");
        Assert.InRange(session.TokenExpiresInMs, 3_500_000u, 3_700_000u);
        await using var thief = await RawClient.ConnectAsync(ports[1], stack.Fingerprint);
        await SendHelloAsync(stack, thief, "mallory", session.SessionToken);
        Assert.Equal((ulong)ErrorCode.AuthFailed, (await thief.Closed).ApplicationErrorCode);
        await using var resumed = await RawClient.ConnectAsync(ports[1], stack.Fingerprint);
        var welcome = await HelloAsync(stack, resumed, "ann", session.SessionToken);
        var end = await former.Closed;
        Assert.Equal((ConnectionCloseOrigin.Peer, (ulong)ErrorCode.NoError), (end.Origin, end.ApplicationErrorCode ?? ulong.MaxValue));
        Assert.Equal($"resumed by connection {Convert.ToHexStringLower(welcome.ConnectionId.Span)}", end.Reason);

        // The gateway with that connection drains.
        var draining = Tool.RunAsync(Limit, "admin", "drain", "gw-2", "--within", "30s", "--json", "--data", stack.Data);
        var goAway = (await resumed.ReceiveAsync()).GoAway;
        Assert.Equal([$"127.0.0.1:{ports[0]}"], goAway.Alternatives);
        await using var moved = await RawClient.ConnectAsync(ports[0], stack.Fingerprint);
        await HelloAsync(stack, moved, "ann", welcome.SessionToken);
        Assert.Equal((ulong)ErrorCode.NoError, (await resumed.Closed).ApplicationErrorCode);
        var drained = await draining;
        Assert.True(drained.ExitCode == 0, drained.ToString());
        Assert.Equal(0, drained.Json.GetProperty("connections").GetInt32());
        var refused = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => RawClient.ConnectAsync(ports[1], stack.Fingerprint));
        Assert.Equal(2UL, refused.Closure.TransportErrorCode);
        var unknown = await Tool.RunAsync(Limit, "admin", "drain", "gw-9", "--data", stack.Data);
        Assert.Equal((1, "quicchat: no gateway 'gw-9' holds a lease; these do: gw-1, gw-2."), (unknown.ExitCode, unknown.Error.Trim()));
    }

    [Fact]
    public async Task Tokens_of_an_issuer_with_a_key_of_its_own_are_taken_and_without_restarts_what_dies_stays_dead()
    {
        using var issuer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var keyFile = Path.GetTempFileName();
        await File.WriteAllTextAsync(keyFile, issuer.ExportSubjectPublicKeyInfoPem());
        await using var stack = new Stack("--no-restart", "--token-key", keyFile, "--token-issuer", "https://id.example.org", "--token-name-claim", "nick");
        await stack.InitializeAsync();
        File.Delete(keyFile);
        await using (var client = await RawClient.ConnectAsync(stack.Gateway.Port, stack.Fingerprint))
        {
            var claims = $$"""{"iss":"https://id.example.org","aud":"quicchat","sub":"u-7","nick":"Ann","exp":{{DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 60}}}""";
            var content = $"{Base64Url("""{"alg":"ES256"}"""u8)}.{Base64Url(Encoding.UTF8.GetBytes(claims))}";
            var token = $"{content}.{Base64Url(issuer.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256))}";
            await client.SendAsync(new ClientFrame { Hello = new Hello { Token = token, ClientId = "phone" } });
            var welcome = (await client.ReceiveAsync()).Welcome;
            Assert.Equal(("u-7", "Ann"), (welcome.UserId, welcome.UserName));
        }

        await using var stranger = await RawClient.ConnectAsync(stack.Gateway.Port, stack.Fingerprint);
        await SendHelloAsync(stack, stranger, "ann", null);
        Assert.Equal((ulong)ErrorCode.AuthFailed, (await stranger.Closed).ApplicationErrorCode);

        using (var process = Process.GetProcessById(Pid(stack.Description.GetProperty("gateways")[0])))
        {
            process.Kill();
        }

        await Eventually.HoldsAsync(() => stack.Output.Contains("The others go on.", StringComparison.Ordinal), () => $"up tells of the end\n{stack.Output}");
        var status = await Tool.RunAsync(Limit, "status", "--json", "--data", stack.Data);
        Assert.Equal(1, status.ExitCode);
    }

    private static async Task<Welcome> HelloAsync(Stack stack, RawClient client, string user, ByteString? session = null)
    {
        await SendHelloAsync(stack, client, user, session);
        return (await client.ReceiveAsync()).Welcome;
    }

    private static async Task SendHelloAsync(Stack stack, RawClient client, string user, ByteString? session)
        => await client.SendAsync(new ClientFrame
        {
            Hello = new Hello { Token = await stack.TokenAsync(user), ClientId = "phone", SessionToken = session ?? ByteString.Empty },
        });

    private static string Base64Url(ReadOnlySpan<byte> bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private static int Pid(JsonElement part) => part.GetProperty("pid").GetInt32();
}
