using Microsoft.Extensions.Options;

namespace QuicChat.Grains.Sessions;

/// <summary>Refuses impossible <see cref="SessionKeyOptions"/>.</summary>
public sealed class SessionKeyOptionsValidator : IValidateOptions<SessionKeyOptions>
{
    // No gateway lets a session token live longer.
    private static readonly TimeSpan LongestTokenLifetime = TimeSpan.FromDays(7);

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, SessionKeyOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        if (options.RotateAfter < LongestTokenLifetime || options.RotateAfter > TimeSpan.FromDays(365))
        {
            errors.AddError($"must be between {LongestTokenLifetime.Days} and 365 days, not {options.RotateAfter}.", nameof(SessionKeyOptions.RotateAfter));
        }

        return errors.Build();
    }
}
