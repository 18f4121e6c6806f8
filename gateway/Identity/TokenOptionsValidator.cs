using Microsoft.Extensions.Options;

namespace QuicChat.Gateway.Identity;

/// <summary>Checks <see cref="TokenOptions"/>.</summary>
internal sealed class TokenOptionsValidator : IValidateOptions<TokenOptions>
{
    public ValidateOptionsResult Validate(string? name, TokenOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        foreach (var (option, value) in new[]
        {
            (nameof(options.KeyFile), options.KeyFile),
            (nameof(options.Issuer), options.Issuer),
            (nameof(options.Audience), options.Audience),
            (nameof(options.NameClaim), options.NameClaim),
        })
        {
            if (string.IsNullOrWhiteSpace(value))
            {
                errors.AddError("is empty.", option);
            }
        }

        if (options.ClockSkew < TimeSpan.Zero || options.ClockSkew > TimeSpan.FromMinutes(5))
        {
            errors.AddError($"is {options.ClockSkew}; 0 to 5 min are allowed.", nameof(options.ClockSkew));
        }

        if (options.KeyReadInterval < TimeSpan.FromSeconds(1) || options.KeyReadInterval > TimeSpan.FromHours(1))
        {
            errors.AddError($"is {options.KeyReadInterval}; 1 s to 1 h are allowed.", nameof(options.KeyReadInterval));
        }

        return errors.Build();
    }
}
