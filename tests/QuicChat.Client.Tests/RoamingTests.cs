using System.Net;
using System.Net.NetworkInformation;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;
using Xunit;

namespace QuicChat.Client.Tests;

/// <summary>When and where a connection moves by itself.</summary>
public sealed class RoamingTests : IDisposable
{
    private static readonly LocalNetwork Wifi = new("wlan0", NetworkInterfaceType.Wireless80211, IPAddress.Parse("192.168.0.7"));
    private static readonly LocalNetwork Wired = new("eth0", NetworkInterfaceType.Ethernet, IPAddress.Parse("10.0.0.7"));
    private static readonly LocalNetwork Mobile = new("wwan0", NetworkInterfaceType.Wwanpp, IPAddress.Parse("100.64.0.7"));
    private static readonly LocalNetwork Mobile6 = new("wwan0", NetworkInterfaceType.Wwanpp, IPAddress.Parse("2001:db8::7"));
    private static readonly LocalNetwork Loopback = new("lo", NetworkInterfaceType.Loopback, IPAddress.Loopback);

    private static readonly Func<LocalNetwork, NetworkPreference> DefaultPolicy =
        new ChatClientOptions { Servers = [], Trust = new ServerTrust.Pinned(new byte[32]) }.NetworkPolicy!;

    private readonly FakeTimeProvider _time = new();
    private readonly Networks _networks = new();
    private readonly Channel<IPAddress> _moves = Channel.CreateUnbounded<IPAddress>();
    private readonly HashSet<IPAddress> _useless = [];
    private readonly List<Roaming> _roaming = [];
    private IPAddress _current = Wifi.Address;

    public void Dispose() => _roaming.ForEach(roaming => roaming.Dispose());

    [Fact]
    public async Task ANetworkThatIsGoneIsLeftForTheNextOne()
    {
        var roaming = Start();
        _networks.All = [Loopback, Mobile];
        roaming.NetworkChanged();

        Settle();

        Assert.Equal(Mobile.Address, await NextMoveAsync());
    }

    [Fact]
    public async Task ABetterNetworkIsMovedToAndABetterOneThanThatAgain()
    {
        _current = Mobile.Address;
        var roaming = Start(network => network == Wired ? NetworkPreference.Prefer : DefaultPolicy(network));
        _networks.All = [Loopback, Mobile, Wifi];
        roaming.NetworkChanged();
        Settle();
        Assert.Equal(Wifi.Address, await NextMoveAsync());

        _networks.All = [Loopback, Mobile, Wifi, Wired];
        roaming.NetworkChanged();
        Settle();
        Assert.Equal(Wired.Address, await NextMoveAsync());
    }

    [Fact]
    public void ANetworkThatIsNoBetterIsNotMovedTo()
    {
        var roaming = Start();
        _networks.All = [Loopback, Wifi, Wired, Mobile];

        roaming.NetworkChanged();
        Settle();

        AssertNoMove();
    }

    [Fact]
    public void ANetworkThatIsForbiddenIsNotMovedToEvenWhenNothingElseIsLeft()
    {
        var roaming = Start(network => network == Mobile ? NetworkPreference.Never : NetworkPreference.Neutral);
        _networks.All = [Loopback, Mobile];

        roaming.NetworkChanged();
        Settle();

        AssertNoMove();
    }

    [Fact]
    public async Task WhatDoesNotReachTheGatewayIsPassedOver()
    {
        _useless.Add(Wired.Address);
        var roaming = Start();
        _networks.All = [Loopback, Wired, Mobile6, Mobile];

        roaming.NetworkChanged();
        Settle();

        // The same family comes first among equals.
        Assert.Equal(Wired.Address, await NextMoveAsync());
        Assert.Equal(Mobile.Address, await NextMoveAsync());
        AssertNoMove();
    }

    [Fact]
    public async Task ChangesInARowAreLookedAtOnce()
    {
        var roaming = Start();
        _networks.All = [Mobile];
        roaming.NetworkChanged();
        _time.Advance(Roaming.Debounce / 2);
        _networks.All = [Wired, Mobile];
        roaming.NetworkChanged();
        _time.Advance(Roaming.Debounce / 2);
        AssertNoMove();

        _time.Advance(Roaming.Debounce / 2);

        Assert.Equal(Wired.Address, await NextMoveAsync());
        AssertNoMove();
    }

    [Fact]
    public async Task ANetworkThatNeverRestsIsLookedAtAllTheSame()
    {
        var roaming = Start();
        _networks.All = [Mobile];
        for (var waited = TimeSpan.Zero; waited < Roaming.LongestDebounce; waited += Roaming.Debounce / 2)
        {
            AssertNoMove();
            roaming.NetworkChanged();
            _time.Advance(Roaming.Debounce / 2);
        }

        Assert.Equal(Mobile.Address, await NextMoveAsync());
    }

    [Fact]
    public void AGatewayOnThisMachineIsReachedWhateverTheNetworks()
    {
        _current = IPAddress.Loopback;
        var roaming = Start(_ => NetworkPreference.Prefer);
        _networks.All = [Wired];

        roaming.NetworkChanged();
        Settle();

        AssertNoMove();
    }

    [Fact]
    public async Task AFaultOfTheApplicationsPolicyCostsNothing()
    {
        var isFaulty = true;
        var roaming = Start(_ => isFaulty ? throw new InvalidOperationException("a mistake") : NetworkPreference.Neutral);
        _networks.All = [Wired];
        roaming.NetworkChanged();
        Settle();
        AssertNoMove();

        isFaulty = false;
        roaming.NetworkChanged();
        Settle();
        Assert.Equal(Wired.Address, await NextMoveAsync());
    }

    [Fact]
    public void AfterTheConnectionsEndNothingMoves()
    {
        var roaming = Start();
        _networks.All = [Wired];
        roaming.NetworkChanged();
        roaming.Dispose();

        Settle();
        roaming.NetworkChanged();
        Settle();

        AssertNoMove();
    }

    private Roaming Start(Func<LocalNetwork, NetworkPreference>? policy = null)
    {
        var roaming = new Roaming(
            _networks, policy ?? DefaultPolicy, () => _current, MigrateAsync, _time, NullLogger.Instance, default);
        _roaming.Add(roaming);
        return roaming;
    }

    private Task MigrateAsync(IPAddress address, CancellationToken cancellationToken)
    {
        _moves.Writer.TryWrite(address);
        if (_useless.Contains(address))
        {
            return Task.FromException(new PathValidationException("no answer"));
        }

        _current = address;
        return Task.CompletedTask;
    }

    private void Settle() => _time.Advance(Roaming.LongestDebounce);

    private Task<IPAddress> NextMoveAsync() => _moves.Reader.ReadAsync().AsTask().For("a move");

    // All that happens upon a change happens within the clock's advance.
    private void AssertNoMove() => Assert.False(_moves.Reader.TryRead(out var move), $"It moved to {move}.");

    private sealed class Networks : ILocalNetworks
    {
        public event Action? Changed
        {
            add { }
            remove { }
        }

        public IReadOnlyList<LocalNetwork> All { get; set; } = [];

        public IReadOnlyList<LocalNetwork> List() => All;
    }
}
