namespace QuicChat.Client;

/// <summary>How much an application likes to be on a network; see <see cref="ChatClientOptions.NetworkPolicy"/>.</summary>
public enum NetworkPreference
{
    /// <summary>The connection never moves there by itself.</summary>
    Never,

    /// <summary>It moves there where nothing else is left, and away as soon as something else is there.</summary>
    Avoid,

    /// <summary>It stays where it is, and moves there when it must leave.</summary>
    Neutral,

    /// <summary>It moves there as soon as it can.</summary>
    Prefer,
}
