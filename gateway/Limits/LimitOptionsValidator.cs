using Microsoft.Extensions.Options;

namespace QuicChat.Gateway.Limits;

/// <summary>Checks <see cref="LimitOptions"/>.</summary>
internal sealed class LimitOptionsValidator : IValidateOptions<LimitOptions>
{
    private const int Most = 10_000_000;

    public ValidateOptionsResult Validate(string? name, LimitOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        foreach (var (option, value) in new[]
        {
            (nameof(options.MaxConnections), options.MaxConnections),
            (nameof(options.MaxConnectionsPerUser), options.MaxConnectionsPerUser),
            (nameof(options.PublishRate), options.PublishRate),
            (nameof(options.PublishBurst), options.PublishBurst),
            (nameof(options.JoinRate), options.JoinRate),
            (nameof(options.JoinBurst), options.JoinBurst),
            (nameof(options.HistoryRate), options.HistoryRate),
            (nameof(options.HistoryBurst), options.HistoryBurst),
            (nameof(options.HandshakeRate), options.HandshakeRate),
            (nameof(options.HandshakeBurst), options.HandshakeBurst),
        })
        {
            if (value is < 1 or > Most)
            {
                errors.AddError($"is {value}; 1 to {Most} are allowed.", option);
            }
        }

        return errors.Build();
    }
}
