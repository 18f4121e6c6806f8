using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using QuicChat.Benchmarks.Engine;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;

namespace QuicChat.Benchmarks.Peers;

/// <summary>ngtcp2's own example programs, on the same library: gtlsserver and gtlsclient (Debian: ngtcp2-server, ngtcp2-client).</summary>
internal sealed class GtlsPeer : IEngineSubject
{
    // Whose median is taken off a transfer.
    private const int StartUps = 5;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly DirectoryInfo _files;
    private TimeSpan _startUp;

    private GtlsPeer(Process server, int port, DirectoryInfo files, PemCertificate certificate)
    {
        Server = server;
        Port = port;
        _files = files;
        ClientOptions = new QuicClientOptions
        {
            Trust = new ServerTrust.Pinned(certificate.Sha256),
            ApplicationProtocol = "h3",
            Resumption = null,
            // Those of HTTP/3 (RFC 9114, section 6.2).
            MaxUnidirectionalStreams = 3,
        };
    }

    public Process Server { get; }

    public int Port { get; }

    public QuicClientOptions ClientOptions { get; }

    /// <summary>Starts the server; <see langword="null"/> where the programs are not installed.</summary>
    public static async Task<GtlsPeer?> StartAsync(string certificateDirectory, CancellationToken cancellationToken)
    {
        if (!SystemProgram.IsInstalled("gtlsserver") || !SystemProgram.IsInstalled("gtlsclient"))
        {
            return null;
        }

        var certificate = DevelopmentCertificate.Ensure(certificateDirectory, TimeProvider.System);
        var files = Directory.CreateTempSubdirectory("quicchat-bench-");
        Process? server = null;
        try
        {
            var port = FreePort();
            server = Start(
                "gtlsserver",
                "-q",
                "-d",
                files.FullName,
                "127.0.0.1",
                $"{port}",
                Path.Combine(certificateDirectory, DevelopmentCertificate.KeyFileName),
                Path.Combine(certificateDirectory, DevelopmentCertificate.CertificateFileName));
            await WaitUntilUpAsync(server, port, cancellationToken);
            return new GtlsPeer(server, port, files, certificate);
        }
        catch
        {
            await StopAsync(server, files);
            throw;
        }
    }

    /// <summary>Its client's process and handshake are not what is compared: how long they take now, by a file of one byte.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var times = new TimeSpan[StartUps];
        for (var i = 0; i < times.Length; i++)
        {
            times[i] = await FetchAsync(1, cancellationToken);
        }

        _startUp = times.Order().ElementAt(StartUps / 2);
    }

    public async Task<TimeSpan> TransferAsync(long bytes, CancellationToken cancellationToken)
    {
        var time = await FetchAsync(bytes, cancellationToken) - _startUp;
        return time > TimeSpan.Zero
            ? time
            : throw new BenchmarkException($"gtlsclient starts for as long as it takes {bytes:#,0} bytes; give more --megabytes.");
    }

    public async ValueTask DisposeAsync() => await StopAsync(Server, _files);

    private static async Task StopAsync(Process? server, DirectoryInfo files)
    {
        if (server is not null)
        {
            server.Kill();
            await server.WaitForExitAsync();
            server.Dispose();
        }

        files.Delete(recursive: true);
    }

    private async Task<TimeSpan> FetchAsync(long bytes, CancellationToken cancellationToken)
    {
        var file = Path.Combine(_files.FullName, $"{bytes}");
        if (!File.Exists(file))
        {
            await using var stream = File.Create(file);
            stream.SetLength(bytes);
        }

        var watch = Stopwatch.StartNew();
        using var client = Start(
            "gtlsclient", "-q", "--exit-on-all-streams-close", "127.0.0.1", $"{Port}", $"https://localhost:{Port}/{bytes}");
        try
        {
            await client.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            client.Kill();
            throw;
        }

        return client.ExitCode == 0 ? watch.Elapsed : throw new BenchmarkException($"gtlsclient ended with {client.ExitCode}.");
    }

    // It says nothing when it listens; nobody else may have its port then.
    private static async Task WaitUntilUpAsync(Process server, int port, CancellationToken cancellationToken)
    {
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Patience && !server.HasExited; await Task.Delay(20, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                return;
            }
        }

        throw new BenchmarkException("gtlsserver does not listen.");
    }

    private static Process Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            var process = Process.Start(start) ?? throw new BenchmarkException($"{program} cannot be started.");
            process.OutputDataReceived += (_, _) => { };
            process.ErrorDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            return process;
        }
        catch (Win32Exception e)
        {
            throw new BenchmarkException($"{program} cannot be started: {e.Message}");
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
