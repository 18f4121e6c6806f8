namespace QuicChat.Grains.Users;

/// <summary>What is stored of a user.</summary>
[GenerateSerializer, Alias("quicchat.user.record")]
internal sealed class UserRecord
{
    /// <summary>The registered connections, oldest first.</summary>
    [Id(0)]
    public List<string> Connections { get; set; } = [];
}
