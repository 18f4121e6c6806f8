using Microsoft.Extensions.Options;

namespace QuicChat.Gateway.Sessions;

/// <summary>Checks <see cref="SessionOptions"/>.</summary>
internal sealed class SessionOptionsValidator : IValidateOptions<SessionOptions>
{
    public ValidateOptionsResult Validate(string? name, SessionOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        Within(errors, nameof(options.HelloTimeLimit), options.HelloTimeLimit, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Within(errors, nameof(options.SessionTokenLifetime), options.SessionTokenLifetime, TimeSpan.FromMinutes(1), TimeSpan.FromDays(7));
        Within(errors, nameof(options.PathReportDelay), options.PathReportDelay, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Within(errors, nameof(options.FailureReportTimeLimit), options.FailureReportTimeLimit, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Within(errors, nameof(options.GoAwayTime), options.GoAwayTime, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Within(errors, nameof(options.AlternativesTimeLimit), options.AlternativesTimeLimit, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Within(errors, nameof(options.MaxRooms), options.MaxRooms, 1, 127);
        Within(errors, nameof(options.MaxUnanswered), options.MaxUnanswered, 1, 10_000);
        return errors.Build();
    }

    private static void Within<T>(ValidateOptionsResultBuilder errors, string option, T value, T least, T most)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            errors.AddError($"is {value}; {least} to {most} are allowed.", option);
        }
    }
}
