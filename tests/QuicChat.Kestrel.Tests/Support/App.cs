using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Kestrel;
using QuicChat.Quic.Ngtcp2.Driver;
using QuicChat.Quic.Paths;
using Xunit;

namespace QuicChat.Kestrel.Tests.Support;

/// <summary>An ASP.NET Core application that serves HTTP/3 on the ngtcp2 engine, at a free port of the loopback address.</summary>
internal sealed class App : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly LogLines _log;
    private readonly ListenerRecorder _listeners;

    private App(WebApplication app, LogLines log, ListenerRecorder listeners)
    {
        _app = app;
        _log = log;
        _listeners = listeners;
    }

    public IPEndPoint EndPoint => (IPEndPoint)Listener.EndPoint;

    public Ngtcp2Listener Listener => _listeners.Bound.Single().Inner;

    /// <summary>All connections, in the order of their beginning.</summary>
    public ConcurrentQueue<WatchedConnection> Connections { get; } = [];

    /// <summary>The hash of each body that /exchange has got.</summary>
    public Channel<string> Uploads { get; } = Channel.CreateUnbounded<string>();

    /// <summary>Each request of /slow, once its first byte is out.</summary>
    public Channel<SlowRequest> Slow { get; } = Channel.CreateUnbounded<SlowRequest>();

    /// <summary>The application's own log.</summary>
    public LogLines Log => _log;

    public static async Task<App> StartAsync(
        Action<HttpsConnectionAdapterOptions>? https = null,
        Action<ListenOptions>? endPoint = null,
        Action<Ngtcp2QuicOptions>? options = null,
        HttpProtocols protocols = HttpProtocols.Http3,
        int port = 0,
        bool anyAddress = false)
    {
        var builder = WebApplication.CreateSlimBuilder();
        var log = new LogLines();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(20));
        App? self = null;
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            if (anyAddress)
            {
                kestrel.ListenAnyIP(port, Configure);
            }
            else
            {
                kestrel.Listen(IPAddress.Loopback, port, Configure);
            }

            void Configure(ListenOptions listen)
            {
                listen.Protocols = protocols;
                endPoint?.Invoke(listen);
                if (endPoint is null)
                {
                    listen.UseHttps(tls =>
                    {
                        tls.ServerCertificate = TestCertificate.Localhost;
                        https?.Invoke(tls);
                    });
                }

                ((IMultiplexedConnectionBuilder)listen).Use(next => connection =>
                {
                    self!.Connections.Enqueue(new WatchedConnection(connection));
                    return next(connection);
                });
            }
        });
        builder.Services.AddNgtcp2Quic(options);
        var listeners = new ListenerRecorder();
        builder.Services.AddSingleton(listeners);
        builder.Services.AddSingleton<IMultiplexedConnectionListenerFactory>(services => ActivatorUtilities.CreateInstance<RecordingFactory>(
            services, ActivatorUtilities.CreateInstance<KestrelListenerFactory>(services)));
        var app = builder.Build();
        self = new App(app, log, listeners);
        self.Map();
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return self;
    }

    /// <summary>Stops in order: what is under way may end.</summary>
    public Task StopAsync() => _app.StopAsync();

    /// <summary>Completes when the engine holds nothing of any connection any more.</summary>
    public async Task WhenEmptyAsync()
    {
        await Listener.WhenEmptyAsync().Within("the connections to end");
        Assert.Equal(0, Listener.ConnectionIds);

        // Kestrel disposes of a connection some time after its end, and tells nobody.
        for (var wait = 0; Listener.RentedBlocks > 0; wait++)
        {
            Assert.True(wait < 500, $"{Listener.RentedBlocks} blocks are still rented.");
            await Task.Delay(10);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', _log.Complaints));
    }

    private void Map()
    {
        _app.MapGet("/data/{length:long}/{seed:int}", SendAsync);
        _app.MapPost("/exchange/{length:long}/{seed:int}", async (long length, int seed, HttpContext context) =>
        {
            var hashing = SHA256.HashDataAsync(context.Request.Body).AsTask();
            await SendAsync(length, seed, context);
            Uploads.Writer.TryWrite(Convert.ToHexString(await hashing));
        });
        _app.MapPost("/hash", async (HttpContext context) =>
        {
            var hash = await SHA256.HashDataAsync(context.Request.Body);
            await context.Response.WriteAsync(Convert.ToHexString(hash));
        });
        _app.MapGet("/where", (HttpContext context) => string.Join(
            ' ', context.Request.Protocol, context.Request.Scheme, context.Connection.RemoteIpAddress, context.Connection.RemotePort,
            context.Features.Get<IConnectionPathFeature>()?.CurrentPath.Remote));
        _app.MapGet("/slow", async (HttpContext context) =>
        {
            await context.Response.WriteAsync("begin ");
            await context.Response.Body.FlushAsync();
            var request = new SlowRequest(context.RequestAborted.AsTask(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            Slow.Writer.TryWrite(request);
            await Task.WhenAny(request.Aborted, request.MayEnd.Task);
            await context.Response.WriteAsync("end");
        });
    }

    private static async Task SendAsync(long length, int seed, HttpContext context)
    {
        context.Response.ContentLength = length;
        foreach (var piece in SeededBytes.Pieces(length, seed))
        {
            await context.Response.Body.WriteAsync(piece, context.RequestAborted);
        }
    }

    internal sealed record SlowRequest(Task Aborted, TaskCompletionSource MayEnd);

    internal sealed class ListenerRecorder
    {
        public ConcurrentQueue<KestrelListener> Bound { get; } = [];
    }

    internal sealed class RecordingFactory(KestrelListenerFactory inner, ListenerRecorder recorder) : IMultiplexedConnectionListenerFactory
    {
        public async ValueTask<IMultiplexedConnectionListener> BindAsync(
            EndPoint endpoint, Microsoft.AspNetCore.Http.Features.IFeatureCollection? features = null, CancellationToken cancellationToken = default)
        {
            var listener = await inner.BindAsync(endpoint, features, cancellationToken);
            recorder.Bound.Enqueue((KestrelListener)listener);
            return listener;
        }
    }
}
