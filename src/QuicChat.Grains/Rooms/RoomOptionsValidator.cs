using Microsoft.Extensions.Options;

namespace QuicChat.Grains.Rooms;

/// <summary>Refuses impossible <see cref="RoomOptions"/>, all at once.</summary>
public sealed class RoomOptionsValidator : IValidateOptions<RoomOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, RoomOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        RequireRange(options.Retention, 1, 1_000_000, nameof(RoomOptions.Retention));
        // All of them are read when a room is opened.
        RequireRange(options.CutOffClients, 1, 100_000, nameof(RoomOptions.CutOffClients));
        RequireRange(options.DeliveryLimit, 1, 1_000, nameof(RoomOptions.DeliveryLimit));
        RequireRange(options.DeliveryQueueLimit, 1, 100_000, nameof(RoomOptions.DeliveryQueueLimit));
        RequireRange(options.PresenceQueueLimit, 1, 100_000, nameof(RoomOptions.PresenceQueueLimit));
        // A script's arguments have to fit on the stack of Redis' Lua.
        RequireRange(options.AppendLimit, 1, 4_000, nameof(RoomOptions.AppendLimit));
        if (options.AttachmentDuration < TimeSpan.FromSeconds(1) || options.AttachmentDuration > TimeSpan.FromMinutes(10))
        {
            errors.AddError($"must be between 1 s and 10 min, not {options.AttachmentDuration}.", nameof(RoomOptions.AttachmentDuration));
        }

        if (options.RetentionTime < TimeSpan.FromMinutes(1) || options.RetentionTime > TimeSpan.FromDays(3_650))
        {
            errors.AddError($"must be between 1 min and 3,650 days, not {options.RetentionTime}.", nameof(RoomOptions.RetentionTime));
        }

        if (options.DeliveryInterval < TimeSpan.Zero || options.DeliveryInterval > TimeSpan.FromSeconds(1))
        {
            errors.AddError($"must be between 0 s and 1 s, not {options.DeliveryInterval}.", nameof(RoomOptions.DeliveryInterval));
        }

        if (options.PresenceSettleDuration < TimeSpan.Zero || options.PresenceSettleDuration > TimeSpan.FromMinutes(1))
        {
            errors.AddError($"must be between 0 s and 1 min, not {options.PresenceSettleDuration}.", nameof(RoomOptions.PresenceSettleDuration));
        }

        return errors.Build();

        void RequireRange(int value, int least, int most, string property)
        {
            if (value < least || value > most)
            {
                errors.AddError($"must be {least} to {most}, not {value}.", property);
            }
        }
    }
}
