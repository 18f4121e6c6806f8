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

        if (options.Web is { } web)
        {
            CheckWeb(web, options, errors);
        }

        if (options.LeaseRenewInterval <= TimeSpan.Zero || options.LeaseRenewInterval > TimeSpan.FromSeconds(5))
        {
            errors.AddError($"is {options.LeaseRenewInterval}; up to 5 s are allowed, half of a lease.", nameof(options.LeaseRenewInterval));
        }

        return errors.Build();
    }

    private static void CheckWeb(Uri web, GatewayOptions options, ValidateOptionsResultBuilder errors)
    {
        if (web is not { IsAbsoluteUri: true, PathAndQuery: "/" }
            || (web.Scheme != Uri.UriSchemeHttp && web.Scheme != Uri.UriSchemeHttps)
            || !(IPAddress.TryParse(web.Host.Trim('[', ']'), out _) || web.Host == "localhost"))
        {
            errors.AddError(
                $"is '{web}'; an address such as http://127.0.0.1:8081 or https://0.0.0.0:8443 is allowed, of this machine and without a path.", nameof(options.Web));
        }
        else if (web.Scheme == Uri.UriSchemeHttps && web.Port == 0)
        {
            errors.AddError("asks for a free port; name one with https, where it is to be the same for TCP and UDP.", nameof(options.Web));
        }
        else if (web.Scheme == Uri.UriSchemeHttps && options.Engine == QuicEngineKind.Ngtcp2 && web.Port == options.Listen.Port)
        {
            errors.AddError($"has port {web.Port}, whose UDP side is the chat's; give another.", nameof(options.Web));
        }
    }
}
