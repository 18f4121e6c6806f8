using Microsoft.Extensions.Options;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>Refuses impossible <see cref="MigrationOptions"/>, all at once.</summary>
public sealed class MigrationOptionsValidator : IValidateOptions<MigrationOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, MigrationOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        if (options.Timeout < MigrationLimits.ShortestTimeout || options.Timeout > MigrationLimits.LongestTimeout)
        {
            errors.AddError($"must be between 1 s and 1 h, not {options.Timeout}.", nameof(MigrationOptions.Timeout));
        }

        if (options.Policy.Validate() is { } reason)
        {
            errors.AddError(reason, nameof(MigrationOptions.Policy));
        }

        if (options.Grace < TimeSpan.Zero || options.Grace > MigrationLimits.LongestTimeout)
        {
            errors.AddError($"must be between 0 and 1 h, not {options.Grace}.", nameof(MigrationOptions.Grace));
        }

        if (options.CollectionInterval <= TimeSpan.Zero || options.CollectionInterval > TimeSpan.FromMinutes(1))
        {
            errors.AddError($"must be above 0 and at most 1 min, not {options.CollectionInterval}.", nameof(MigrationOptions.CollectionInterval));
        }

        if (options.FailedConnectionKept < TimeSpan.Zero)
        {
            errors.AddError($"must not be below 0, not {options.FailedConnectionKept}.", nameof(MigrationOptions.FailedConnectionKept));
        }

        if (options.FailedMigrationsKept is < 0 or > 10_000)
        {
            errors.AddError($"must be 0 to 10,000, not {options.FailedMigrationsKept}.", nameof(MigrationOptions.FailedMigrationsKept));
        }

        return errors.Build();
    }
}
