using System.Collections.Immutable;
using QuicChat.Abstractions;
using QuicChat.Quic.Engines;

namespace QuicChat.Cli.Stack;

/// <summary>What stack to start.</summary>
internal sealed record StackPlan
{
    /// <summary>How many silos.</summary>
    public int Silos { get; init; } = 1;

    /// <summary>How many gateways.</summary>
    public int Gateways { get; init; } = 1;

    /// <summary>The first gateway's UDP port, further ones take the next; 0 takes free ones.</summary>
    public int Port { get; init; }

    /// <summary>The connection string of a Redis server; <see langword="null"/> starts the built-in store.</summary>
    public string? Redis { get; init; }

    /// <summary>Whether the stack starts <c>redis-server</c> in place of the built-in store.</summary>
    public bool OwnRedis { get; init; }

    /// <summary>The gateways' QUIC engine.</summary>
    public QuicEngineKind Engine { get; init; }

    /// <summary>Which tokens the gateways take, as options of theirs; none takes development tokens.</summary>
    public ImmutableArray<string> TokenOptions { get; init; } = [];

    /// <summary>What the gateways allow, as options of theirs; none keeps their defaults.</summary>
    public ImmutableArray<string> LimitOptions { get; init; } = [];

    /// <summary>The first silo's web port; <see langword="null"/> takes 8080 if it is free, 0 a free one.</summary>
    public int? WebPort { get; init; }

    /// <summary>
    /// The cluster ID. With a store of its own each stack has a new one: the membership of an earlier stack that was cut off, with
    /// silos that seem alive and answer no more, would hold up the new one. Data stands under the service ID and is kept.
    /// </summary>
    public string ClusterId => Redis is null ? _freshClusterId : ClusterDefaults.ClusterId;

    private readonly string _freshClusterId = $"{ClusterDefaults.ClusterId}-{DateTimeOffset.UtcNow:yyyyMMddHHmmssfff}";
}
