using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace QuicChat.Quic.Kestrel;

/// <summary>Puts Kestrel's HTTP/3 on the ngtcp2 engine.</summary>
public static class Ngtcp2QuicServiceCollectionExtensions
{
    /// <summary>
    /// Has Kestrel serve HTTP/3 on libngtcp2; libmsquic is not needed. Of several such services Kestrel takes the one that was added last, so
    /// call it after <c>UseKestrel</c> and <c>UseQuic</c>; <c>WebApplication.CreateBuilder</c> has called them.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Changes what the options say.</param>
    public static IServiceCollection AddNgtcp2Quic(this IServiceCollection services, Action<Ngtcp2QuicOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<Ngtcp2QuicOptions>().Configure(configure ?? (static _ => { }));
        return services.AddSingleton<IMultiplexedConnectionListenerFactory, KestrelListenerFactory>();
    }
}
