using Microsoft.Extensions.Options;

namespace QuicChat.Gateway.Fanout;

/// <summary>Checks <see cref="FanoutOptions"/>.</summary>
internal sealed class FanoutOptionsValidator : IValidateOptions<FanoutOptions>
{
    public ValidateOptionsResult Validate(string? name, FanoutOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        if (options.RenewInterval < TimeSpan.FromMilliseconds(100) || options.RenewInterval > TimeSpan.FromSeconds(5))
        {
            errors.AddError(
                $"is {options.RenewInterval}; 0.1 s to 5 s are allowed, for a room forgets a gateway after 10 s.",
                nameof(options.RenewInterval));
        }

        if (options.CallTimeLimit < TimeSpan.FromSeconds(1) || options.CallTimeLimit > TimeSpan.FromMinutes(5))
        {
            errors.AddError($"is {options.CallTimeLimit}; 1 s to 5 min are allowed.", nameof(options.CallTimeLimit));
        }

        if (options.RingBytes < 64 * 1024)
        {
            errors.AddError($"is {options.RingBytes}; at least 65,536 are needed, the size of one frame.", nameof(options.RingBytes));
        }

        if (options.OutboxBytes < 64 * 1024)
        {
            errors.AddError($"is {options.OutboxBytes}; at least 65,536 are needed, the size of one frame.", nameof(options.OutboxBytes));
        }

        if (options.MaxBatchesAhead < 1)
        {
            errors.AddError($"is {options.MaxBatchesAhead}; at least 1 is needed.", nameof(options.MaxBatchesAhead));
        }

        if (options.GatherTimePerMember < TimeSpan.Zero || options.GatherTimePerMember > TimeSpan.FromMilliseconds(100))
        {
            errors.AddError($"is {options.GatherTimePerMember}; 0 to 100 ms are allowed.", nameof(options.GatherTimePerMember));
        }

        if (options.MaxGatherTime < TimeSpan.Zero || options.MaxGatherTime > TimeSpan.FromSeconds(1))
        {
            errors.AddError($"is {options.MaxGatherTime}; 0 to 1 s are allowed.", nameof(options.MaxGatherTime));
        }

        return errors.Build();
    }
}
