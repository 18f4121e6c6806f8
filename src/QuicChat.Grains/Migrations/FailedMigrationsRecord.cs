using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>The failed migrations that the monitor stores. They are apart from the sums, which change much more often.</summary>
[GenerateSerializer, Alias("quicchat.migration.failed-record")]
internal sealed class FailedMigrationsRecord
{
    /// <summary>The last ones, in the order of their arrival.</summary>
    [Id(0)]
    public List<FailedMigration> Migrations { get; set; } = [];
}
