using QuicChat.Abstractions.Connections;
using QuicChat.Grains.Migrations;

namespace QuicChat.Grains.Connections;

/// <summary>What is stored of a connection; there is none of a connection that was closed.</summary>
[GenerateSerializer, Alias("quicchat.connection.record")]
internal sealed class ConnectionRecord
{
    /// <summary>Who it is and which gateway holds it; <see langword="null"/> where nothing is stored.</summary>
    [Id(0)]
    public ConnectionRegistration? Registration { get; set; }

    /// <summary>When it was registered, by the silo's clock.</summary>
    [Id(2)]
    public DateTimeOffset RegisteredAt { get; set; }

    /// <summary>Its migrations; <see langword="null"/> where nothing is stored.</summary>
    [Id(1)]
    public MigrationTracking? Tracking { get; set; }
}
