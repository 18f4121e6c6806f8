using System.Collections.Concurrent;
using Orleans.Serialization;
using QuicChat.Grains.Migrations;

namespace QuicChat.Grains.Tests.Cluster;

/// <summary>Counts the calls that the grains of a test cluster receive, and the bytes of their arguments.</summary>
internal sealed class CallMeter(Serializer<object> serializer) : IIncomingGrainCallFilter
{
    private static readonly ConcurrentQueue<(string Method, int Bytes)> Calls = [];
    private static volatile bool _isOn;

    public static void Start()
    {
        Calls.Clear();
        _isOn = true;
    }

    public static IReadOnlyList<(string Method, int Bytes)> Stop()
    {
        _isOn = false;
        return [.. Calls];
    }

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        if (_isOn)
        {
            Calls.Enqueue(($"{context.Grain.GetType().Name}.{context.MethodName}", Measure(context.Request)));
        }

        await context.Invoke();
    }

    private int Measure(Orleans.Serialization.Invocation.IInvokable request)
        => Enumerable.Range(0, request.GetArgumentCount()).Sum(index => request.GetArgument(index) switch
        {
            // These two only tell one report from another, and their length grows with time.
            CollectorReport report => serializer.SerializeToArray(report with { Sums = report.Sums with { Sequence = 0, Changes = 0 } }).Length,
            null or IAddressable => 0,
            var argument => serializer.SerializeToArray(argument).Length,
        });
}
