using System.Net;
using QuicChat.Abstractions;
using QuicChat.Abstractions.Policies;

namespace QuicChat.Silo.Hosting;

/// <summary>What a silo is started with.</summary>
public sealed record SiloOptions
{
    /// <summary>Orleans' usual port for silos among themselves.</summary>
    public const int DefaultSiloPort = 11111;

    /// <summary>Orleans' usual port for clients: gateways and the admin client.</summary>
    public const int DefaultClientPort = 30000;

    /// <summary>The store, as a StackExchange.Redis connection string.</summary>
    public required string Store { get; init; }

    /// <summary>The silo's name in statistics and in the dashboard.</summary>
    public required string Name { get; init; }

    /// <summary>The TCP port for other silos; 0 takes a free one.</summary>
    public int SiloPort { get; init; } = DefaultSiloPort;

    /// <summary>The TCP port for gateways and admin clients; 0 takes a free one.</summary>
    public int ClientPort { get; init; } = DefaultClientPort;

    /// <summary>The address at which both ports are reached.</summary>
    public IPAddress Advertise { get; init; } = IPAddress.Loopback;

    /// <summary>Where dashboard and health pages are served. Loopback, because the dashboard shows whatever grains hold.</summary>
    public Uri Web { get; init; } = new("http://127.0.0.1:8080");

    /// <summary>The Orleans cluster ID.</summary>
    public string ClusterId { get; init; } = ClusterDefaults.ClusterId;

    /// <summary>The Orleans service ID.</summary>
    public string ServiceId { get; init; } = ClusterDefaults.ServiceId;

    /// <summary>How long a migration attempt may stay unresolved.</summary>
    public TimeSpan MigrationTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Where clients may move, until an operator says otherwise.</summary>
    public MigrationPolicy MigrationPolicy { get; init; } = MigrationPolicy.Open;

    /// <summary>What whoever looks at the silo's pages must show; <see langword="null"/> where they are the machine's own.</summary>
    public string? WebToken { get; init; }

    /// <summary>Whether to stop when standard input reaches its end.</summary>
    public bool ExitWithParent { get; init; }
}
