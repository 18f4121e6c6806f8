using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Routing;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>Sums of one gateway's metrics.</summary>
internal sealed class Metrics : IMeterFactory
{
    private readonly ConcurrentDictionary<string, long> _sums = [];
    private readonly ConcurrentQueue<(string Instrument, long Sum, TaskCompletionSource Reached)> _waiting = [];
    private readonly MeterListener _listener = new();
    private readonly List<Meter> _meters = [];

    public Metrics()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == this)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, (long)value, tags));
        _listener.Start();
        Gateway = new GatewayMetrics(this, new ServerPool(new IPEndPoint(IPAddress.Loopback, 0)), Rejections);
    }

    public GatewayMetrics Gateway { get; }

    /// <summary>What the engine rejects.</summary>
    public Rejections Rejections { get; } = new();

    /// <summary>The sum of an instrument; with tags, written <c>name{tag=value,…}</c>.</summary>
    public long this[string instrument] => _sums.GetValueOrDefault(instrument);

    /// <summary>Asks those that say their sums only when asked.</summary>
    public void Observe() => _listener.RecordObservableInstruments();

    /// <summary>Waits until an instrument's sum has come to a value.</summary>
    public Task ReachedAsync(string instrument, long sum)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Enqueue((instrument, sum, reached));
        Tell(instrument);
        return reached.Task.Within($"{instrument} = {sum}");
    }

    public Meter Create(MeterOptions options)
    {
        options.Scope = this;
        var meter = new Meter(options);
        _meters.Add(meter);
        return meter;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meters.ForEach(meter => meter.Dispose());
    }

    private void Add(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = string.Join(',', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
        var name = labels.Length == 0 ? instrument.Name : $"{instrument.Name}{{{labels}}}";
        _sums.AddOrUpdate(name, value, (_, sum) => sum + value);
        Tell(name);
    }

    private void Tell(string instrument)
    {
        foreach (var (_, _, reached) in _waiting.Where(waiting => waiting.Instrument == instrument && this[instrument] >= waiting.Sum))
        {
            reached.TrySetResult();
        }
    }
}
