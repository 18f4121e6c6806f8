namespace QuicChat.Abstractions.Migrations;

/// <summary>
/// Hears of migrations as they happen. Each silo sends its own batches, one at a time and at most once. One that is not answered within 10 s,
/// or with an error, is the last until the observer subscribes again; what happens meanwhile counts as missed.
/// </summary>
[Alias("quicchat.migration-observer")]
public interface IMigrationObserver : IGrainObserver
{
    /// <summary>Takes events of one silo.</summary>
    [Alias("Observe")]
    [ResponseTimeout("00:00:10")]
    Task Observe(MigrationBatch batch);
}
