using System.Net;
using System.Net.NetworkInformation;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Engines;

namespace QuicChat.Client;

/// <summary>Where to connect to, as whom, and how.</summary>
public sealed class ChatClientOptions
{
    /// <summary>The UDP port of an address that names none: 4433, where gateways listen unless told otherwise.</summary>
    public const int DefaultPort = 4433;

    /// <summary>
    /// The gateways, each as <c>host:port</c>, <c>address:port</c> or <c>[IPv6 address]:port</c>. They are tried in this order, and so are the
    /// addresses of a host name, until one answers.
    /// </summary>
    public required IReadOnlyList<string> Servers { get; init; }

    /// <summary>How a gateway proves that it is the right one. There is no way to accept any certificate.</summary>
    public required ServerTrust Trust { get; init; }

    /// <summary>The JSON Web Token that says who the user is. Give either this or <see cref="TokenProvider"/>.</summary>
    public string? Token { get; init; }

    /// <summary>
    /// Fetches the token anew for each connection, and before it expires while the connection lasts, where the gateway tells when that is. Give either
    /// this or <see cref="Token"/>.
    /// </summary>
    public Func<CancellationToken, ValueTask<string>>? TokenProvider { get; init; }

    /// <summary>
    /// Names one installation of the application: with user and room it is the scope in which messages are numbered, so that one sent twice is
    /// stored once. The default is random for each instance of these options. An application that keeps its own (1 to 64 visible ASCII
    /// characters) goes on where it was after a restart; it must not use one ID on two connections at a time, for the newer one takes it over.
    /// </summary>
    public string ClientId { get; init; } = Guid.NewGuid().ToString("N");

    /// <summary>The QUIC implementation.</summary>
    public QuicEngineKind Engine { get; init; } = QuicEngineKind.Auto;

    /// <summary>The local address and port to send from; unset, the system chooses.</summary>
    public IPEndPoint? LocalEndPoint { get; init; }

    /// <summary>
    /// The sockets to share with other clients of the process, such as thousands of bots; unset, each connection has its own. Do not give it together with
    /// <see cref="LocalEndPoint"/>.
    /// </summary>
    public ClientSocketPool? SocketPool { get; init; }

    /// <summary>
    /// What the application thinks of each network that the machine is on: where the system reports a change, the connection moves by itself (active migration, RFC
    /// 9000, section 9.2) off a network that is gone, and to one that it likes better. The default avoids mobile networks and likes all others the same. Unset,
    /// or with <see cref="LocalEndPoint"/>, it does not move by itself. It is called from timers.
    /// </summary>
    public Func<LocalNetwork, NetworkPreference>? NetworkPolicy { get; init; } = static network
        => network.Type is NetworkInterfaceType.Wwanpp or NetworkInterfaceType.Wwanpp2 ? NetworkPreference.Avoid : NetworkPreference.Neutral;

    /// <summary>How long one address may take from the first datagram to Welcome: 10 s, several retransmissions on a slow path.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Silence after which a PING is sent while a room is active, and until the gateway has welcomed the client: 1 s. A client that only listens cannot be reached after its NAT has forgotten
    /// it until it sends; this is how long that takes.
    /// </summary>
    public TimeSpan ActiveKeepAlive { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a room counts as active after its last traffic: 30 s, a pause in a conversation. To enter it is none.</summary>
    public TimeSpan ActiveWindow { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Silence after which a PING is sent while no room is active: 20 s, below the 30 s after which many NATs forget a UDP binding (RFC 4787,
    /// section 4.3), and rare enough to let a phone sleep. So late the death of a gateway may be noticed in rooms that are quiet.
    /// </summary>
    public TimeSpan IdleKeepAlive { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Messages of a room that may be sent and not yet answered: 64, which fills a path of 100 ms at 640 messages a second.</summary>
    public int MaxPublishesInFlight { get; init; } = 64;

    /// <summary>
    /// Messages of a room that are held for the application: 256. When they are unread, reading from that room's stream stops, and QUIC flow
    /// control holds its sender; other rooms go on. While the application waits for an answer in that room, up to eight times as many are held,
    /// for the answer comes behind them.
    /// </summary>
    public int MaxUnreadMessages { get; init; } = 256;

    /// <summary>Makes the loggers; unset, nothing is logged.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>The clock of all timers.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The networks that this machine is on.</summary>
    internal ILocalNetworks LocalNetworks { get; init; } = SystemNetworks.Instance;

    /// <summary>Opens connections in place of the engine.</summary>
    internal Func<QuicClientOptions, IMultiplexedConnectionFactory>? ConnectionFactory { get; init; }

    /// <summary>Evenly distributed in [0, 1): what spreads the clients' timers.</summary>
    internal Func<double> Jitter { get; init; } = Random.Shared.NextDouble;
}
