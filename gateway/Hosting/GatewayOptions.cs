using System.Net;
using QuicChat.Abstractions;
using QuicChat.Quic.Engines;

namespace QuicChat.Gateway.Hosting;

/// <summary>What one gateway process is.</summary>
public sealed class GatewayOptions
{
    /// <summary>Its name, unique in the cluster.</summary>
    public string Id { get; set; } = "gw-1";

    /// <summary>Its number in connection IDs, unique in the cluster, as a load balancer may want to know it; 0 leaves it to the cluster.</summary>
    public uint ServerId { get; set; }

    /// <summary>Where it listens: UDP port 4433 on all addresses, IPv4 and IPv6. Port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; set; } = new(IPAddress.IPv6Any, 4433);

    /// <summary>
    /// Where clients reach it, <c>host</c> or <c>host:port</c>, told to those that are sent here by another gateway. Empty: where it listens,
    /// which names no place where that is all addresses; then no client is sent here.
    /// </summary>
    public string Advertise { get; set; } = "";

    /// <summary>
    /// Where it listens for other gateways, which hand it the datagrams of clients whose new path leads to them; port 0 takes a free one. Unset: a free port of the
    /// address of <see cref="Listen"/>, or where that is all addresses, of the one that the store is reached from.
    /// </summary>
    public IPEndPoint? Link { get; set; }

    /// <summary>
    /// Where its pages for operators are, which ask nobody who they are: <c>http</c>, or <c>https</c> with the gateway's certificate, which is HTTP/3 too where the
    /// engine is ngtcp2. None by default: what is not asked for opens no port.
    /// </summary>
    public Uri? Web { get; set; }

    /// <summary>The QUIC engine; after the start never Auto.</summary>
    public QuicEngineKind Engine { get; set; } = QuicEngineKind.Auto;

    /// <summary>When clients prove their address before their handshake begins; the engine <c>system</c> decides by itself.</summary>
    public RetryPolicy Retry { get; set; } = RetryPolicy.UnderLoad;

    /// <summary>The store's connection string: where silos are found.</summary>
    public string Store { get; set; } = "";

    /// <summary>The Orleans cluster.</summary>
    public string ClusterId { get; set; } = ClusterDefaults.ClusterId;

    /// <summary>The Orleans service.</summary>
    public string ServiceId { get; set; } = ClusterDefaults.ServiceId;

    /// <summary>
    /// 1 s: the answer carries what operators set, which is to reach a gateway within 2 s. One call a second a gateway is nothing to the
    /// registry, and a lease of 10 s outlasts a call that is lost with its silo.
    /// </summary>
    public TimeSpan LeaseRenewInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// 18 s that the start waits for the store, a silo and a lease: longer than a silo takes to start, and, with a last try of 5 s on top,
    /// less than people wait for.
    /// </summary>
    public TimeSpan ConnectTimeLimit { get; set; } = TimeSpan.FromSeconds(18);

    /// <summary>
    /// 5 s for an answer from a grain. Orleans' own 30 s would let calls to a dead silo wait long after their rooms have moved; all calls of
    /// a gateway can be repeated.
    /// </summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// 5 s between looks at which silos there are. Orleans' own minute would keep a gateway from silos that came after all others died.
    /// </summary>
    public TimeSpan SiloRefreshInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>8 s for an orderly stop: less than the 10 s that process managers commonly allow.</summary>
    public TimeSpan StopTimeLimit { get; set; } = TimeSpan.FromSeconds(8);
}
