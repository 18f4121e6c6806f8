using System.Collections.Immutable;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Silo.Pages;

/// <summary>What the page shows at one time.</summary>
/// <param name="At">When.</param>
/// <param name="Stats">The sums of the cluster; <see langword="null"/> where the monitor did not answer.</param>
/// <param name="Durations">How long completed migrations took, the shortest first.</param>
/// <param name="Failures">The last failures, newest first.</param>
/// <param name="Trouble">Why there are no new numbers.</param>
internal sealed record MigrationNews(
    DateTimeOffset At, MigrationStats? Stats, ImmutableArray<DurationBar> Durations, ImmutableArray<FailedMigration> Failures, string? Trouble);
