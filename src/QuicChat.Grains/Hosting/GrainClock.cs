namespace QuicChat.Grains.Hosting;

/// <summary>
/// The key of the <see cref="TimeProvider"/> that the grains go by. It is apart from the one that the Orleans runtime uses, so that a test
/// can turn this one without bringing the cluster down.
/// </summary>
internal static class GrainClock
{
    public const string Key = "quicchat.grains";
}
