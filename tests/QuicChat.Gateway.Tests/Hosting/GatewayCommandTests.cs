using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using QuicChat.Gateway.Hosting;
using QuicChat.Gateway.Tests.Support;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;

namespace QuicChat.Gateway.Tests.Hosting;

/// <summary>The command line and its one line of error. Standard error is the process's, so these run one after another.</summary>
[Collection("console")]
public sealed class GatewayCommandTests
{
    [Theory]
    [InlineData("--bogus", "--bogus")]
    [InlineData("--id gw-2", "--store")]
    [InlineData("--store a,b=c", "--store is no connection string of a store (Keyword 'b' is not supported); give HOST:PORT")]
    [InlineData("--store host:99999", "--store is no connection string of a store")]
    [InlineData("--store ", "--store is no connection string of a store")]
    [InlineData("--store s --server-id -1", "--server-id must be")]
    [InlineData("--store s --listen 127.0.0.1", "--listen must be")]
    [InlineData("--store s --link 127.0.0.1", "--link must be")]
    [InlineData("--store s --engine quiche", "--engine must be")]
    [InlineData("--store s --retry sometimes", "--retry must be auto, always or never, not 'sometimes'")]
    [InlineData("--store s --web here", "--web must be an address such as http://127.0.0.1:8081 or https://0.0.0.0:8443, not 'here'")]
    [InlineData("--store s --token-clock-skew soon", "--token-clock-skew must be a time in seconds such as 30s, not 'soon'")]
    [InlineData("--store s --max-connections 0", "--max-connections must be 1 to 1000000, not '0'")]
    [InlineData("--store s --certificate only.pem", "--certificate and --key")]
    public async Task Wrong_usage_ends_with_2(string arguments, string told)
    {
        var (exitCode, errors) = await RunAsync(arguments.Split(' '));

        Assert.Equal(2, exitCode);
        var error = Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(told, error, StringComparison.Ordinal);
        Assert.EndsWith(". See 'QuicChat.Gateway --help'.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_help_names_no_word_that_is_refused()
    {
        var (exitCode, help) = await RunAsync("--help");

        Assert.Equal(0, exitCode);
        Assert.Matches(@"(?s)--engine <ENGINE>[^-]*auto unless given", help);
        Assert.DoesNotContain(nameof(RetryPolicy.UnderLoad), help, StringComparison.Ordinal);
        Assert.DoesNotContain("[default: Auto]", help, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_read_is_told_in_one_line()
    {
        var directory = Directory.CreateTempSubdirectory("gateway-");
        try
        {
            var missing = Path.Combine(directory.FullName, "missing.pem");
            AssertOneLine(missing, await RunAsync("--store", "s", "--certificate", missing, "--key", missing));
            AssertOneLine("token.key", await RunAsync("--store", "s", "--data", directory.FullName));
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "token.key"), Tokens.KeyText);
            AssertOneLine("Id", await RunAsync("--store", "s", "--id", "two words", "--data", directory.FullName));

            using var taken = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
            var endPoint = (IPEndPoint)taken.Client.LocalEndPoint!;
            AssertOneLine(
                $"UDP port {endPoint.Port}",
                await RunAsync("--store", "127.0.0.1:1", "--data", directory.FullName, "--listen", endPoint.ToString()));
            AssertOneLine(
                $"UDP port {endPoint.Port} of 127.0.0.1, for other gateways, is taken by another process; end that one, or give another port with --link",
                await RunAsync("--store", "127.0.0.1:1", "--data", directory.FullName, "--listen", "127.0.0.1:0", "--link", endPoint.ToString()));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_gateway_whose_parent_goes_while_it_waits_for_its_cluster_ends_in_order()
    {
        var directory = Directory.CreateTempSubdirectory("gateway-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "token.key"), Tokens.KeyText);
            using var gateway = Process.Start(new ProcessStartInfo("dotnet")
            {
                ArgumentList =
                {
                    typeof(GatewayCommand).Assembly.Location,
                    "--store", "127.0.0.1:1", "--data", directory.FullName, "--listen", "127.0.0.1:0", "--exit-with-parent",
                },
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            try
            {
                while (!(await gateway.StandardError.ReadLineAsync().Within("the gateway to wait"))!.Contains("Waiting", StringComparison.Ordinal))
                {
                }

                gateway.StandardInput.Close();

                await gateway.WaitForExitAsync().Within("the gateway's end");
                Assert.Equal(0, gateway.ExitCode);
                Assert.Empty(await gateway.StandardOutput.ReadToEndAsync());
            }
            finally
            {
                gateway.Kill();
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_cluster_that_does_not_answer_is_named_when_the_time_is_up()
    {
        var directory = Directory.CreateTempSubdirectory("gateway-");
        try
        {
            var options = new GatewayOptions
            {
                Store = "127.0.0.1:1",
                Listen = new IPEndPoint(IPAddress.Loopback, 0),
                Engine = QuicEngineKind.Ngtcp2,
                ConnectTimeLimit = TimeSpan.FromSeconds(1),
            };
            var keyFile = Path.Combine(directory.FullName, "token.key");
            await File.WriteAllTextAsync(keyFile, Tokens.KeyText);
            using var host = GatewayHost.Build(
                options,
                DevelopmentCertificate.Ensure(directory.FullName, TimeProvider.System),
                tokens => tokens.KeyFile = keyFile,
                limits => { },
                exitWithParent: false);

            var error = await Assert.ThrowsAsync<GatewayStartException>(() => host.StartAsync().Within("the gateway to give up"));

            Assert.Equal(
                "The store at 127.0.0.1:1 does not answer within 1 s, so cluster 'quicchat' is not found; "
                + "start it (redis-server, or QuicChat.Store), or name another with --store.",
                error.Message);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_gateway_that_does_not_serve_yet_refuses_connections()
    {
        var directory = Directory.CreateTempSubdirectory("gateway-");
        try
        {
            var port = FreePort();
            var keyFile = Path.Combine(directory.FullName, "token.key");
            await File.WriteAllTextAsync(keyFile, Tokens.KeyText);
            var certificate = DevelopmentCertificate.Ensure(directory.FullName, TimeProvider.System);
            using var host = GatewayHost.Build(
                new GatewayOptions
                {
                    Store = "127.0.0.1:1",
                    Listen = new IPEndPoint(IPAddress.Loopback, port),
                    Engine = QuicEngineKind.Ngtcp2,
                    ConnectTimeLimit = TimeSpan.FromSeconds(1),
                },
                certificate,
                tokens => tokens.KeyFile = keyFile,
                limits => { },
                exitWithParent: false);
            var starting = host.StartAsync();
            var factory = QuicEngine.CreateConnectionFactory(
                QuicEngineKind.Ngtcp2, new QuicClientOptions { Trust = ServerTrust.Pinned.Parse(certificate.Fingerprint) });
            var refused = await Assert.ThrowsAsync<QuicConnectionClosedException>(
                () => factory.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port)).AsTask().Within("the handshake"));

            // CONNECTION_REFUSED (RFC 9000, section 20.1): a session tries elsewhere, or later.
            Assert.Equal((ConnectionCloseOrigin.Peer, 2UL), (refused.Closure.Origin, refused.Closure.TransportErrorCode));
            await Assert.ThrowsAsync<GatewayStartException>(() => starting.Within("the gateway to give up"));
            await ((IAsyncDisposable)host).DisposeAsync();
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static int FreePort()
    {
        using var socket = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.Client.LocalEndPoint!).Port;
    }

    private static void AssertOneLine(string told, (int ExitCode, string Errors) result)
    {
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(told, Assert.Single(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Errors)> RunAsync(params string[] arguments)
    {
        var before = Console.Error;
        var errors = new StringWriter();
        Console.SetError(errors);
        try
        {
            return (await GatewayCommand.RunAsync(arguments), errors.ToString());
        }
        finally
        {
            Console.SetError(before);
        }
    }
}
