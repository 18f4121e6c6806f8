namespace QuicChat.Abstractions.Migrations;

/// <summary>What changed of a client's end point.</summary>
[GenerateSerializer, Alias("quicchat.migration.kind")]
public enum MigrationKind
{
    /// <summary>Only the port, as by a NAT rebinding.</summary>
    PortOnly = 0,

    /// <summary>The address, within one family.</summary>
    Address = 1,

    /// <summary>IPv4 to IPv6 or back.</summary>
    Family = 2,
}
