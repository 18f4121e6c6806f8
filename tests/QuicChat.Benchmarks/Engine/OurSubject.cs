using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using QuicChat.Cli.Stack;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;

namespace QuicChat.Benchmarks.Engine;

/// <summary>This engine: a server in a process of its own, the client in this one.</summary>
internal sealed class OurSubject : IEngineSubject
{
    // Those of gtlsclient, so that neither waits for credit.
    private const int StreamWindow = 16 * 1024 * 1024;
    private const int ConnectionWindow = 24 * 1024 * 1024;

    private static readonly ServerProgram Program = new("tests/QuicChat.Benchmarks", "QuicChat.Benchmarks");

    private OurSubject(Process server, int port, PemCertificate certificate)
    {
        Server = server;
        Port = port;
        ClientOptions = new QuicClientOptions
        {
            Trust = new ServerTrust.Pinned(certificate.Sha256),
            ApplicationProtocol = EngineServer.Protocol,
            Resumption = null,
            StreamReceiveWindow = StreamWindow,
            ConnectionReceiveWindow = ConnectionWindow,
        };
    }

    public Process Server { get; }

    public int Port { get; }

    public QuicClientOptions ClientOptions { get; }

    public static async Task<OurSubject> StartAsync(string certificateDirectory, CancellationToken cancellationToken)
    {
        var certificate = DevelopmentCertificate.Ensure(certificateDirectory, TimeProvider.System);
        var line = Program.Line(["serve", certificateDirectory]);
        var start = new ProcessStartInfo(line[0], line.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var server = Process.Start(start) ?? throw new BenchmarkException("The server's process cannot be started.");
        try
        {
            var ready = await server.StandardOutput.ReadLineAsync(cancellationToken);
            return int.TryParse(ready, CultureInfo.InvariantCulture, out var port)
                ? new OurSubject(server, port, certificate)
                : throw new BenchmarkException("The server's process ended before it listened.");
        }
        catch
        {
            await StopAsync(server);
            throw;
        }
    }

    public Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task<TimeSpan> TransferAsync(long bytes, CancellationToken cancellationToken)
    {
        var factory = QuicEngine.CreateConnectionFactory(QuicEngineKind.Ngtcp2, ClientOptions);
        await using var connection = await factory.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Port), null, cancellationToken);
        var watch = Stopwatch.StartNew();
        await using var stream = await connection.ConnectAsync(null, cancellationToken)
            ?? throw new BenchmarkException("The server allows no stream.");
        var request = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(request, bytes);
        await stream.Transport.Output.WriteAsync(request, cancellationToken);
        await stream.Transport.Output.CompleteAsync();
        for (long received = 0; ;)
        {
            var result = await stream.Transport.Input.ReadAsync(cancellationToken);
            received += result.Buffer.Length;
            stream.Transport.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return received == bytes ? watch.Elapsed : throw new BenchmarkException($"{received} bytes came, not {bytes}.");
            }
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync(Server);

    private static async Task StopAsync(Process server)
    {
        server.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await server.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            server.Kill();
        }

        server.Dispose();
    }
}
