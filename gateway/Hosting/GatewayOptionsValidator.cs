using System.Net;
using Microsoft.Extensions.Options;
using QuicChat.Quic.Engines;

namespace QuicChat.Gateway.Hosting;

/// <summary>Checks <see cref="GatewayOptions"/>.</summary>
internal sealed class GatewayOptionsValidator : IValidateOptions<GatewayOptions>
{
    private const int MaxIdLength = 64;

    public ValidateOptionsResult Validate(string? name, GatewayOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        if (options.Id.Length is 0 or > MaxIdLength || options.Id.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            errors.AddError($"is '{options.Id}'; 1 to {MaxIdLength} visible ASCII characters are allowed.", nameof(options.Id));
        }

        if (options.Store.Length == 0)
        {
            errors.AddError("is missing: the store's connection string, such as 127.0.0.1:6390.", nameof(options.Store));
        }

        if (options is { Engine: QuicEngineKind.System, Retry: not RetryPolicy.UnderLoad })
        {
            errors.AddError(
                $"is {options.Retry}; the engine 'system' decides by itself: take --retry auto, or the engine 'ngtcp2'.", nameof(options.Retry));
        }

        if (options.Advertise.Length > 0 && AdvertisedEndPoint.Of(options.Advertise, new IPEndPoint(IPAddress.Any, 4433)) is null)
        {
            errors.AddError($"is '{options.Advertise}'; a host name or address is allowed, with or without a port.", nameof(options.Advertise));
        }

        if (options.LeaseRenewInterval <= TimeSpan.Zero || options.LeaseRenewInterval > TimeSpan.FromSeconds(5))
        {
            errors.AddError($"is {options.LeaseRenewInterval}; up to 5 s are allowed, half of a lease.", nameof(options.LeaseRenewInterval));
        }

        return errors.Build();
    }
}
