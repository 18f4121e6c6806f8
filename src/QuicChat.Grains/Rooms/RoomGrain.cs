using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Hosting;

namespace QuicChat.Grains.Rooms;

[GrainType("room")]
internal sealed class RoomGrain([FromKeyedServices(GrainClock.Key)] TimeProvider time) : Grain, IRoomGrain
{
    private readonly string _epoch = Guid.NewGuid().ToString("N")[..8];
    private readonly List<RoomMessage> _log = [];
    private readonly Dictionary<string, IGatewayObserver> _gateways = [];

    private RoomTail Tail => new(_epoch, 1, _log.Count);

    public Task<RoomTail> Attach(string gatewayId, IGatewayObserver observer)
    {
        _gateways[gatewayId] = observer;
        return Task.FromResult(Tail);
    }

    public Task Detach(string gatewayId)
    {
        _gateways.Remove(gatewayId);
        return Task.CompletedTask;
    }

    public Task<PublishReceipt> Publish(PublishRequest request)
    {
        var own = _log.Where(message => message.UserId == request.UserId && message.ClientId == request.ClientId).ToList();
        var last = own.Count == 0 ? 0 : own[^1].ClientSeq;
        if (request.ClientSeq != last + 1)
        {
            return Task.FromResult(request.ClientSeq <= last
                ? new PublishReceipt(PublishOutcome.Duplicate, own[(int)request.ClientSeq - 1].Offset, last)
                : new PublishReceipt(PublishOutcome.Gap, 0, last));
        }

        var stored = new RoomMessage(
            _log.Count + 1, request.UserId, request.UserName, request.ClientId, request.ClientSeq, time.GetUtcNow(), request.Body);
        _log.Add(stored);
        foreach (var gateway in _gateways.Values)
        {
            gateway.Deliver(new RoomBatch(this.GetPrimaryKeyString(), _epoch, [stored])).Ignore();
        }

        return Task.FromResult(new PublishReceipt(PublishOutcome.Stored, stored.Offset, stored.ClientSeq));
    }

    public Task<RoomPage> Read(long fromOffset, int limit)
        => Task.FromResult(new RoomPage(Tail, _log.Where(message => message.Offset >= fromOffset).Take(Math.Clamp(limit, 0, 100)).ToImmutableArray()));

    public Task<long> GetLastClientSeq(string userId, string clientId)
        => Task.FromResult(_log.LastOrDefault(message => message.UserId == userId && message.ClientId == clientId)?.ClientSeq ?? 0);
}
