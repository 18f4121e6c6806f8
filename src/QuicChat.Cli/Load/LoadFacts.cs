using System.Text.Json.Serialization;

namespace QuicChat.Cli.Load;

/// <summary>What a load consisted of, as its report says it.</summary>
/// <param name="Connections">Clients that connected.</param>
/// <param name="Rooms">Rooms in which is published.</param>
/// <param name="Members">Members a room.</param>
/// <param name="Publishers">Of these, those that publish.</param>
/// <param name="Rate">Messages a second over all; none in a closed loop.</param>
/// <param name="InFlight">In a closed loop, messages that each publisher has under way.</param>
/// <param name="PayloadBytes">The length of a text.</param>
/// <param name="ChangeKind">How paths change; none where they do not.</param>
/// <param name="DelayMs">How long datagrams are under way, in each direction, where a network is simulated.</param>
/// <param name="BlackholePercent">Of a hundred members, how many are cut off for a while.</param>
/// <param name="StallPercent">Of a hundred members, how many stop reading for a while.</param>
/// <param name="Seed">Repeats its random decisions.</param>
internal sealed record LoadFacts(
    int Connections,
    int Rooms,
    int Members,
    int Publishers,
    double? Rate,
    int? InFlight,
    int PayloadBytes,
    string? ChangeKind,
    double DelayMs,
    double BlackholePercent,
    double StallPercent,
    int Seed)
{
    /// <summary>Whether paths change, are cut or stall, over which a connection may end and leave publishes without an answer.</summary>
    [JsonIgnore]
    public bool CostsAcknowledgements => ChangeKind is not (null or "none") || BlackholePercent > 0 || StallPercent > 0;

    /// <summary>Of settings.</summary>
    /// <param name="settings">The load.</param>
    /// <param name="connections">How many clients connected.</param>
    public static LoadFacts Of(LoadSettings settings, int connections) => new(
        connections,
        settings.Rooms,
        settings.Members,
        settings.Publishers,
        settings.Rate,
        settings.Rate is null && settings.Publishers > 0 ? settings.InFlight : null,
        settings.Payload,
        settings.Changes ? settings.ChangeKind.ToString().ToLowerInvariant() : null,
        settings.Delay.TotalMilliseconds,
        settings.BlackholePercent,
        settings.StallPercent,
        settings.Seed);
}
