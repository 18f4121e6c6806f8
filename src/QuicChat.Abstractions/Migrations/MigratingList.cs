using System.Collections.Immutable;

namespace QuicChat.Abstractions.Migrations;

/// <summary>Connections of the cluster with an attempt in flight, as many as were asked for.</summary>
/// <param name="Connections">The oldest attempt first.</param>
/// <param name="Missing">Silos that did not answer, or have died and are being read again: their connections may be missing.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.migrating-list")]
public sealed record MigratingList(
    [property: Id(0)] ImmutableArray<MigratingConnection> Connections, [property: Id(1)] ImmutableArray<string> Missing);
