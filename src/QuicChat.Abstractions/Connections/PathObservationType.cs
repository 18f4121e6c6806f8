namespace QuicChat.Abstractions.Connections;

/// <summary>What happened to a path. A superseded attempt has no type of its own: the <see cref="Detected"/> that follows says it.</summary>
[GenerateSerializer, Alias("quicchat.path.observation-type")]
public enum PathObservationType
{
    /// <summary>The client's end point left the last validated one.</summary>
    Detected = 0,

    /// <summary>The new path works both ways.</summary>
    Validated = 1,

    /// <summary>The client is back on the last validated path.</summary>
    Reverted = 2,

    /// <summary>The engine cannot tell how the attempt ended.</summary>
    Unknown = 3,

    /// <summary>The deadline passed with no validated path in use.</summary>
    Failed = 4,

    /// <summary>Policy refused the path.</summary>
    Denied = 5,
}
