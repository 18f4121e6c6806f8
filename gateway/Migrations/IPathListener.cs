using QuicChat.Protocol.V1;

namespace QuicChat.Gateway.Migrations;

/// <summary>What follows from a connection's path events for its client.</summary>
internal interface IPathListener
{
    /// <summary>Tells the client, without waiting for it.</summary>
    void Notify(MigrationNotice notice);

    /// <summary>Makes a round trip to the client, and confirms the path when it comes back: the engine cannot validate paths itself.</summary>
    void ProbePath();

    /// <summary>Closes the connection.</summary>
    void Close(ErrorCode code, string reason);
}
