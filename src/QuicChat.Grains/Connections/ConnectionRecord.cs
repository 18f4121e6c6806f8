using System.Collections.Immutable;
using QuicChat.Abstractions.Connections;
using QuicChat.Grains.Migrations;

namespace QuicChat.Grains.Connections;

/// <summary>
/// What is stored of a connection. After its end only tallies are left, and for a while its number where its gateway was lost; the record goes
/// when checkpoints contain them all and the number is forgotten.
/// </summary>
[GenerateSerializer, Immutable, Alias("quicchat.connection.record")]
internal sealed record ConnectionRecord
{
    /// <summary>Who it is and which gateway holds it; <see langword="null"/> where it is not registered.</summary>
    [Id(0)]
    public ConnectionRegistration? Registration { get; init; }

    /// <summary>Its migrations; <see langword="null"/> where it is not registered.</summary>
    [Id(1)]
    public MigrationTracking? Tracking { get; init; }

    /// <summary>When it was registered, by the silo's clock.</summary>
    [Id(2)]
    public DateTimeOffset RegisteredAt { get; init; }

    /// <summary>When it failed.</summary>
    [Id(3)]
    public DateTimeOffset? FailedAt { get; init; }

    /// <summary>What silos have counted of it and checkpoints may not contain yet.</summary>
    [Id(4)]
    public ImmutableArray<ConnectionTally> Tallies { get; init; } = [];

    /// <summary>Different in every write, so that one whose answer was lost is known again.</summary>
    [Id(5)]
    public Guid Write { get; init; }

    /// <summary>Where its gateway may still come back with it; only ever set where it is not registered.</summary>
    [Id(6)]
    public LostConnection? Lost { get; init; }
}
