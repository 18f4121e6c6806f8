using Microsoft.Extensions.Options;

namespace QuicChat.Grains.Gateways;

/// <summary>Refuses impossible <see cref="GatewayLeaseOptions"/>, all at once.</summary>
public sealed class GatewayLeaseOptionsValidator : IValidateOptions<GatewayLeaseOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, GatewayLeaseOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        if (options.Duration < TimeSpan.FromSeconds(1) || options.Duration > TimeSpan.FromMinutes(10))
        {
            errors.AddError($"must be between 1 s and 10 min, not {options.Duration}.", nameof(GatewayLeaseOptions.Duration));
        }

        if (options.LossRemembered < options.Duration)
        {
            errors.AddError($"must not be below the lease's duration, not {options.LossRemembered}.", nameof(GatewayLeaseOptions.LossRemembered));
        }

        return errors.Build();
    }
}
