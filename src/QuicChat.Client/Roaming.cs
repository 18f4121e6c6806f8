using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Paths;

namespace QuicChat.Client;

/// <summary>
/// Moves a connection to another network when the one that it is on is gone, or a better one has come. Systems tell of a change in several steps, so it waits
/// until they have said nothing for a moment.
/// </summary>
internal sealed class Roaming : IDisposable
{
    /// <summary>How long nothing must have changed: interfaces come up within some hundred milliseconds of each other.</summary>
    public static readonly TimeSpan Debounce = TimeSpan.FromMilliseconds(500);

    /// <summary>At the latest; a network that never rests must not keep the connection on one that is gone.</summary>
    public static readonly TimeSpan LongestDebounce = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly ILocalNetworks _networks;
    private readonly Func<LocalNetwork, NetworkPreference> _policy;
    private readonly Func<IPAddress> _current;
    private readonly Func<IPAddress, CancellationToken, Task> _migrate;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConnectionId _connectionId;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stop = new();
    private long? _changedSince;
    private bool _isLooking;
    private bool _isDisposed;

    /// <summary>Listens.</summary>
    /// <param name="networks">Tells of changes.</param>
    /// <param name="policy">What the application thinks of each network.</param>
    /// <param name="current">The local address that the connection uses.</param>
    /// <param name="migrate">Moves the connection.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Takes what is done.</param>
    /// <param name="connectionId">Whose roaming it is.</param>
    public Roaming(
        ILocalNetworks networks,
        Func<LocalNetwork, NetworkPreference> policy,
        Func<IPAddress> current,
        Func<IPAddress, CancellationToken, Task> migrate,
        TimeProvider time,
        ILogger logger,
        ConnectionId connectionId)
    {
        _networks = networks;
        _policy = policy;
        _current = current;
        _migrate = migrate;
        _time = time;
        _logger = logger;
        _connectionId = connectionId;
        _timer = time.CreateTimer(static state => _ = ((Roaming)state!).LookAsync(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Something about the machine's networks has changed, or may have.</summary>
    public void NetworkChanged()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            var now = _time.GetTimestamp();
            _changedSince ??= now;
            var left = LongestDebounce - _time.GetElapsedTime(_changedSince.Value, now);
            _timer.Change(left < TimeSpan.Zero ? TimeSpan.Zero : left < Debounce ? left : Debounce, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _timer.Dispose();
        }

        _stop.Cancel();
    }

    private async Task LookAsync()
    {
        lock (_gate)
        {
            if (_isDisposed || _isLooking)
            {
                // What has changed meanwhile is looked at afterwards.
                return;
            }

            _changedSince = null;
            _isLooking = true;
        }

        try
        {
            await MoveAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or ChatClosedException)
        {
            // The connection has ended.
        }
        catch (Exception e)
        {
            // The application's policy, or a system that cannot list its networks: the connection goes on where it is.
            ClientLog.RoamingFailed(_logger, _connectionId, e);
        }

        lock (_gate)
        {
            _isLooking = false;
            if (_changedSince is not null && !_isDisposed)
            {
                _timer.Change(Debounce, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private async Task MoveAsync()
    {
        var current = _current();
        if (IPAddress.IsLoopback(current))
        {
            // The gateway is on this machine; no network matters.
            return;
        }

        var networks = _networks.List().Select(network => (Network: network, Preference: _policy(network))).ToList();
        var here = networks.FirstOrDefault(network => network.Network.Address.Equals(current));
        var atLeast = here.Network is null ? NetworkPreference.Avoid : here.Preference + 1;
        var candidates = networks
            .Where(candidate => candidate.Preference >= atLeast && !IPAddress.IsLoopback(candidate.Network.Address))
            .OrderByDescending(candidate => candidate.Preference)
            .ThenByDescending(candidate => candidate.Network.Address.AddressFamily == current.AddressFamily)
            .ToList();
        foreach (var (network, _) in candidates)
        {
            try
            {
                await _migrate(network.Address, _stop.Token).ConfigureAwait(false);
                ClientLog.Roamed(_logger, _connectionId, current, network.Address, network.Name);
                return;
            }
            // It does not reach the gateway; the next one may.
            catch (Exception e) when (e is PathValidationException or SocketException or ArgumentException or InvalidOperationException)
            {
                ClientLog.NetworkUseless(_logger, _connectionId, network.Address, network.Name, e.Message);
            }
        }
    }
}
