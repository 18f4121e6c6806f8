namespace QuicChat.Cli.Stack;

/// <summary>How long a child that has died stays down: at first shortly, then twice as long each time, since it may die of something that lasts.</summary>
/// <param name="First">After the first death.</param>
/// <param name="Longest">What it does not grow beyond.</param>
internal sealed record RestartDelays(TimeSpan First, TimeSpan Longest)
{
    /// <summary>Half a second: the system has released its ports by then. It grows to half a minute.</summary>
    public static RestartDelays Usual { get; } = new(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(30));

    /// <summary>A child that has served for this long begins anew with the first delay.</summary>
    public TimeSpan Forgotten { get; } = TimeSpan.FromMinutes(1);

    /// <summary>The delay after a number of deaths in a row.</summary>
    public TimeSpan Of(int earlier)
    {
        var delay = First * Math.Pow(2, Math.Min(earlier, 16));
        return delay < Longest ? delay : Longest;
    }
}
