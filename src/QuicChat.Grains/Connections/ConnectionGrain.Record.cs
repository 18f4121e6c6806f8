using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using QuicChat.Abstractions.Connections;
using QuicChat.Grains.Migrations;

namespace QuicChat.Grains.Connections;

// The record, and the tallies in it that make the silos' sums exact. A stint is the time of a connection on one silo. Each begins with a
// write, so that a late write of an earlier activation is refused by the store and the tallies of earlier stints stand still.
internal sealed partial class ConnectionGrain
{
    // The tally of this stint as the collector counts it; there is one from before its first write on.
    private ConnectionTally? _tally;

    private string Incarnation => silo.SiloAddress.ToParsableString();

    private GatewaySums Sums => _tally!.Sums;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (Registration is null)
        {
            if (record.State.Lost is not null)
            {
                // Nobody calls a closed connection; should this silo die, its index leads to what is to be forgotten.
                await index.AddAsync(Incarnation, ConnectionId);
                TrackLost();
            }

            return;
        }

        _registeredAt = record.State.RegisteredAt;
        try
        {
            await BeginStintAsync(record.State, Registration, GatewaySums.Zero);
            Track();
        }
        catch
        {
            LeaveStint();
            throw;
        }
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        LeaveStint();
        return Task.CompletedTask;
    }

    public Task<ImmutableArray<ConnectionTally>> GetTallies(string incarnation)
    {
        ForgetUnknown();
        return Task.FromResult(record.State.Tallies.RemoveAll(tally => tally.Incarnation != incarnation));
    }

    public async Task Settle(string incarnation, ImmutableArray<Guid> stints)
    {
        var left = record.State.Tallies.RemoveAll(tally => tally.Incarnation == incarnation && stints.Contains(tally.Stint));
        if (left.Length < record.State.Tallies.Length)
        {
            await WriteAsync(record.State with { Tallies = left });
        }

        var isHere = (Registration is not null || record.State.Lost is not null) && incarnation == Incarnation;
        if (!isHere && !left.Any(tally => tally.Incarnation == incarnation))
        {
            await index.RemoveAsync(incarnation, ConnectionId);
        }

        ForgetUnknown();
    }

    private async Task BeginStintAsync(ConnectionRecord next, ConnectionRegistration registration, GatewaySums sums)
    {
        await index.AddAsync(Incarnation, ConnectionId);
        if (_tally?.GatewayId != registration.GatewayId || next.Tallies.Any(tally => tally.Stint == _tally.Stint))
        {
            LeaveStint();
            _tally = new ConnectionTally(Guid.NewGuid(), Incarnation, registration.GatewayId, GatewaySums.Zero);
        }

        await WriteAsync(next with { Registration = registration, Tallies = next.Tallies.Add(_tally with { Sums = sums }) });
    }

    public async Task ForgetLost(string incarnation)
    {
        if (record.State.Lost is { } lost && lost.LostAt + leases.Value.LossRemembered <= time.GetUtcNow())
        {
            await WriteAsync(record.State with { Lost = null });
        }

        await Settle(incarnation, []);
    }

    /// <summary>The connection ends. Its record keeps the tallies until checkpoints contain them.</summary>
    private async Task EndStintAsync(GatewaySums sums, LostConnection? lost = null)
    {
        await WriteAsync(Counting(record.State with { Registration = null, Tracking = null, FailedAt = null, Lost = lost }, sums));
        connections.Untrack(ConnectionId);
        TrackLost();
        collector.End(ConnectionId, _tally!);
        _tally = null;
    }

    /// <summary>The connection leaves this silo, or this activation does not know how it stands.</summary>
    private void LeaveStint()
    {
        connections.Untrack(ConnectionId);
        if (_tally is not null)
        {
            collector.Leave(ConnectionId, _tally);
            _tally = null;
        }
    }

    private void TrackLost()
    {
        if (record.State.Lost is { } lost)
        {
            connections.TrackLost(ConnectionId, lost.LostAt + leases.Value.LossRemembered);
        }
    }

    private ConnectionRecord Counting(ConnectionRecord next, GatewaySums sums)
        => next with { Tallies = [.. next.Tallies.Select(tally => tally.Stint == _tally!.Stint ? tally with { Sums = sums } : tally)] };

    /// <summary>
    /// Writes the record, or clears it where nothing is left in it. Where the store's answer does not come, what is really there is read
    /// again, and that is what is counted.
    /// </summary>
    private async Task WriteAsync(ConnectionRecord next)
    {
        var known = record.State;
        var isEnd = next.Registration is null && next.Tallies.IsEmpty && next.Lost is null;
        next = next with { Write = Guid.NewGuid() };
        try
        {
            record.State = next;
            await (isEnd ? record.ClearStateAsync() : record.WriteStateAsync());
        }
        catch (Exception error)
        {
            record.State = known;
            if (!await TryReadAgainAsync() || (isEnd ? record.RecordExists : record.State.Write != next.Write))
            {
                throw;
            }

            LogFoundWritten(error, ConnectionId);
        }
        finally
        {
            if (_tally is not null)
            {
                var sums = record.State.Tallies.FirstOrDefault(tally => tally.Stint == _tally.Stint)?.Sums ?? GatewaySums.Zero;
                collector.Change(_tally.GatewayId, _tally.Sums, sums);
                _tally = _tally with { Sums = sums };
            }
        }
    }

    private async Task<bool> TryReadAgainAsync()
    {
        try
        {
            await record.ReadStateAsync();
        }
        catch (Exception error)
        {
            // The next activation reads it; until then this stint counts as it was last known, and is put right when it is settled.
            LogNotRead(error, ConnectionId);
            DeactivateOnIdle();
            return false;
        }

        if (Registration is null)
        {
            connections.Untrack(ConnectionId);
        }
        else
        {
            Track();
        }

        return true;
    }

    [LoggerMessage(1010, LogLevel.Information, "{ConnectionId}: the store's answer to a write was lost, but the record is there.")]
    private partial void LogFoundWritten(Exception error, string connectionId);

    [LoggerMessage(1011, LogLevel.Warning, "{ConnectionId}: the record could be neither written nor read.")]
    private partial void LogNotRead(Exception error, string connectionId);
}
