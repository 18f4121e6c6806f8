namespace QuicChat.Cli.Demo;

/// <summary>How the demo's clients come to other paths.</summary>
internal enum PathChanges
{
    /// <summary>A network between rebinds them; they do not know.</summary>
    Rebinding,

    /// <summary>As before, and each new path leads to another gateway.</summary>
    Cross,

    /// <summary>They move by their own will.</summary>
    Active,
}
