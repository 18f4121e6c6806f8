using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Placement;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Hosting;

namespace QuicChat.Grains.Rooms;

/// <summary>
/// The one writer of a room's log. Calls interleave, but each runs alone between two awaits. A message gets its place in line when it is
/// published; one task at a time takes from the line, gives offsets and writes; and only what is in the log comes into memory, is
/// acknowledged and sent on.
/// </summary>
[GrainType("room"), PreferLocalPlacement]
internal sealed partial class RoomGrain(
    IRoomLog log,
    IOptions<RoomOptions> options,
    [FromKeyedServices(GrainClock.Key)] TimeProvider time,
    ILogger<RoomGrain> logger) : Grain, IRoomGrain
{
    private readonly RoomOptions _options = options.Value;
    private RoomFanout _fanout = null!;
    private PresenceFanout _presence = null!;
    private RoomRosters _rosters = null!;
    private long _lastTerm;

    private string Room => this.GetPrimaryKeyString();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _fanout = new RoomFanout(Room, _activation, _options, time, logger);
        _presence = new PresenceFanout(Room, _activation, _options, time, logger);
        _rosters = new RoomRosters(_options.AttachmentDuration, time);
        _rosters.Changed += _presence.Change;
        try
        {
            await OpenAsync();
        }
        catch (Exception error)
        {
            throw Unavailable(error);
        }

        // Another activation went on from here; this one may have been gone for as long as it likes.
        _foundAt = _tail.LastOffset;
        CutOffOld();
    }

    // What stands in line is answered before the activation goes.
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
        => _writing.WaitAsync(cancellationToken);

    public async Task<RoomStanding> Attach(string gatewayId, IGatewayObserver observer, RoomRenewal renewal)
    {
        ThrowIfFenced();
        if (HasLost(renewal.Seen))
        {
            await BeginEpochAsync(renewal.Seen);
        }
        else if (renewal.Seen is null || (_tail.LastOffset == 0 && time.GetElapsedTime(_confirmedAt) >= ConfirmInterval))
        {
            await ConfirmAsync();
        }

        _fanout.Attach(gatewayId, observer);
        var (roster, number) = _rosters.Renew(gatewayId, renewal.Members);
        _rosters.RemoveLapsed();
        var hasPresence = _presence.Renew(gatewayId, observer, renewal.WantsPresence);
        _presence.Send();
        CutOffOld();
        return new RoomStanding(_tail, roster, number, hasPresence);
    }

    public Task Detach(string gatewayId)
    {
        _fanout.Detach(gatewayId);
        _presence.Remove(gatewayId);
        _rosters.Remove(gatewayId);
        _presence.Send();
        return Task.CompletedTask;
    }

    public Task<RoomPresence> GetPresence(string gatewayId)
    {
        ThrowIfFenced();
        return Task.FromResult(_presence.Read(gatewayId, _rosters.Users));
    }

    public async Task<PublishReceipt> Publish(PublishRequest request) => (await PublishAll([request], null)).Receipts[0];

    public async Task<PublishAnswer> PublishAll(ImmutableArray<PublishRequest> requests, string? gatewayId)
    {
        var call = _fanout.Begin(gatewayId);
        var receipts = requests.Select(request => EnterAsync(request, call)).ToArray();
        Write();
        try
        {
            await Task.WhenAll(receipts);
        }
        catch
        {
            _fanout.End(call, failed: true);
            throw;
        }

        return new PublishAnswer([.. receipts.Select(receipt => receipt.Result)], _fanout.End(call, failed: false));
    }

    public async Task<ClientStanding> TakeOver(string userId, string clientId)
    {
        // First, so that nothing older comes into the line while what stands there is waited for. Who has nothing in the log is not noted, so
        // that those who only read cost nothing: older messages may still come in before the first one of this term, which then does not pass
        // for one of them.
        _lastTerm = Math.Max(Math.Max(_lastTerm, _clients.Find(userId, clientId)?.Term ?? 0) + 1, time.GetUtcNow().UtcTicks);
        var term = _lastTerm;
        do
        {
            _clients.Find(userId, clientId)?.Raise(term);
            while (FindInLine(userId, clientId) is { } pending)
            {
                await ((Task)pending.Offset).ConfigureAwait(
                    ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            }

            // It may be stored or not; and what this activation remembers may be out of date.
            await ConfirmAsync();
        }
        while (FindInLine(userId, clientId) is not null);

        _clients.Find(userId, clientId)?.Raise(term);
        return new ClientStanding(LastClientSeq(userId, clientId), term);
    }

    private PendingPublish? FindInLine(string userId, string clientId)
        => _line.LastOrDefault(pending => (pending.Request.UserId, pending.Request.ClientId) == (userId, clientId));

    private RoomUnavailableException Unavailable(Exception error)
        => new($"Room '{Room}' cannot reach its log ({error.Message.ReplaceLineEndings(" ")}); try again.");

    private RoomUnavailableException Moved() => new($"Room '{Room}' has moved to another silo; try again.");

    private void ThrowIfFenced()
    {
        if (_isFenced)
        {
            throw Moved();
        }
    }
}
