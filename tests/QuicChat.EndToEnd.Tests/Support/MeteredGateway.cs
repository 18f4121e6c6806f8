using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Hosting;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;

namespace QuicChat.EndToEnd.Tests.Support;

/// <summary>One more gateway of a stack, in this process, so that nothing that its metrics say is missed.</summary>
internal sealed class MeteredGateway : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, long> _sums = [];
    private readonly ConcurrentDictionary<string, long> _highest = [];
    private readonly MeterListener _listener = new();
    private readonly IHost _host;

    private MeteredGateway(IHost host)
    {
        _host = host;

        // Another test may have a gateway of its own in this process.
        var meters = host.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == GatewayMetrics.MeterName && ReferenceEquals(instrument.Meter.Scope, meters))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
        {
            var sum = _sums.AddOrUpdate(instrument.Name, value, (_, before) => before + value);
            _highest.AddOrUpdate(instrument.Name, sum, (_, before) => Math.Max(before, sum));
        });
        _listener.Start();
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint => _host.Services.GetRequiredService<GatewayService>().EndPoint;

    /// <summary>Where its pages for operators are.</summary>
    public Uri Web => new(_host.Services.GetRequiredService<GatewayWeb>().Serving.Result);

    /// <summary>The sum of an instrument, over all its tags.</summary>
    public long this[string instrument] => _sums.GetValueOrDefault(instrument);

    /// <summary>Starts it on a stack's store and silos.</summary>
    public static async Task<MeteredGateway> StartAsync(Stack stack)
    {
        var options = new GatewayOptions
        {
            Id = "gw-metered",
            ServerId = 4433,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Web = new Uri("http://127.0.0.1:0"),
            Engine = QuicEngine.Resolve(QuicEngineKind.Auto),
            Store = stack.Description.GetProperty("connectionString").GetString()!,
            ClusterId = stack.Description.GetProperty("clusterId").GetString()!,
            ServiceId = stack.Description.GetProperty("serviceId").GetString()!,
        };
        var host = GatewayHost.Build(
            options,
            DevelopmentCertificate.Ensure(stack.Data, TimeProvider.System),
            tokens => tokens.KeyFile = Path.Combine(stack.Data, "token.key"),
            static _ => { },
            exitWithParent: false);
        var gateway = new MeteredGateway(host);
        await host.StartAsync();
        return gateway;
    }

    /// <summary>The highest sum that an instrument ever had.</summary>
    public long Highest(string instrument) => _highest.GetValueOrDefault(instrument);

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        _listener.Dispose();
    }
}
