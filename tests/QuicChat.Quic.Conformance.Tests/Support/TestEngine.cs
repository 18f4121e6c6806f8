using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;
using QuicChat.Quic.Ngtcp2.Driver;
using QuicChat.Quic.Paths;
using QuicChat.Quic.SystemNet;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests.Support;

/// <summary>An engine under test, and in what engines may differ.</summary>
public sealed class TestEngine
{
    private TestEngine(QuicEngineKind kind) => Kind = kind;

    public static TestEngine Ngtcp2 { get; } = new(QuicEngineKind.Ngtcp2);

    public static TestEngine System { get; } = new(QuicEngineKind.System);

    public QuicEngineKind Kind { get; }

    /// <summary>Whether a close carries words to the peer, and waits for what streams have flushed.</summary>
    public bool ClosesWithCare => Kind == QuicEngineKind.Ngtcp2;

    /// <summary>The transport error code (RFC 9000, section 20.1) by which a server refuses connections.</summary>
    public ulong RefusalCode => Kind == QuicEngineKind.Ngtcp2 ? 0x2u : 0x15a;

    /// <summary>
    /// How many addresses a client may come from during a connection. MsQuic has room for four paths, and makes room only by those of one
    /// address.
    /// </summary>
    public int MostAddresses => Kind == QuicEngineKind.Ngtcp2 ? int.MaxValue : 4;

    /// <summary>
    /// How many bytes a writer may be ahead of its peer's window at most: what the engine buffers on both sides. System.Net.Quic takes up
    /// to 64 KiB from MsQuic before they are read, and MsQuic buffers by what the path can carry.
    /// </summary>
    public int SendBuffer => Kind == QuicEngineKind.Ngtcp2 ? 256 * 1024 : 768 * 1024;

    /// <summary>Whether a flush that has to wait waits for the peer alone.</summary>
    public bool FlushesAtOnce => Kind == QuicEngineKind.Ngtcp2;

    /// <summary>Whether receive windows are what was asked for, to the byte.</summary>
    public bool HasExactWindows => Kind == QuicEngineKind.Ngtcp2;

    /// <summary>Whether it refuses connections when it has much to do; a client then tries again.</summary>
    public bool RefusesWhenBusy => Kind == QuicEngineKind.System;

    /// <summary>Whether a connection's keep-alive can be changed.</summary>
    public bool ChangesKeepAlive => Kind == QuicEngineKind.Ngtcp2;

    /// <summary>What a server's end is expected to say of itself.</summary>
    public PathCapabilities Capabilities => Kind == QuicEngineKind.Ngtcp2
        ? PathCapabilities.Detection | PathCapabilities.ExactValidation | PathCapabilities.ValidationFailure | PathCapabilities.Refusal
        : PathCapabilities.Detection;

    /// <summary>Skips the test where the engine does not promise something.</summary>
    public void Require(PathCapabilities capability)
        => Assert.SkipUnless(Capabilities.HasFlag(capability), $"The engine '{Kind}' does not promise {capability}.");

    /// <summary>What the other side reads of words that a connection was closed with.</summary>
    public string Words(string reason) => ClosesWithCare ? reason : "";

    /// <summary>Skips the test where the engine cannot run.</summary>
    public void Require()
    {
        if (Kind == QuicEngineKind.System)
        {
            Assert.SkipUnless(SystemEngine.IsSupported, SystemEngine.Requirement);
        }
    }

    public async Task<MultiplexedConnectionContext> ConnectAsync(EndPoint endPoint, QuicClientOptions? options = null, IFeatureCollection? features = null)
        => await QuicEngine.CreateConnectionFactory(Kind, options ?? Clients.Options).ConnectAsync(endPoint, features).AsTask().Within($"a connection to {endPoint}");

    public async Task<IMultiplexedConnectionListener> BindAsync(QuicListenerOptions? options = null, IPEndPoint? endPoint = null)
        => await QuicEngine.CreateListenerFactory(Kind, options ?? new QuicListenerOptions { Certificate = EchoServer.Certificate })
            .BindAsync(endPoint ?? new IPEndPoint(IPAddress.IPv6Any, 0));

    /// <summary>What a listener holds for its connections, by whatever it counts; 0 when all have ended.</summary>
    internal static int Held(IMultiplexedConnectionListener listener) => listener switch
    {
        Ngtcp2Listener ngtcp2 => ngtcp2.ConnectionIds + ngtcp2.RentedBlocks,
        SystemListener system when SystemEngine.IsSupported => system.ConnectionCount,
        _ => throw new NotSupportedException($"{listener.GetType()} is no listener of these engines."),
    };

    /// <summary>Completes when a listener holds nothing. No event tells: what is asked is that nothing is left for good.</summary>
    internal static async Task WhenEmptyAsync(IMultiplexedConnectionListener listener)
    {
        for (var wait = 0; Held(listener) > 0; wait++)
        {
            Assert.True(wait < 1000, $"The listener still holds {Held(listener)} things of its connections.");
            await Task.Delay(10);
        }
    }

    /// <summary>Waits for all clients of the process to end, and tells what they leave behind.</summary>
    internal async Task<int> HeldByClientsAsync()
    {
        if (Kind != QuicEngineKind.Ngtcp2)
        {
            return 0;
        }

        await ClientLoop.Ended.Within("earlier clients to end");
        return ClientLoop.Pool.Rented;
    }

    public override string ToString() => Kind.ToString();
}
