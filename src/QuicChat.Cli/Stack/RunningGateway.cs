namespace QuicChat.Cli.Stack;

/// <summary>A gateway of a running stack.</summary>
/// <param name="Id">Its ID.</param>
/// <param name="Pid">Its process ID.</param>
/// <param name="ServerId">Its server ID in connection IDs.</param>
/// <param name="EndPoint">The address and port that it is bound to.</param>
/// <param name="Port">Its UDP port.</param>
/// <param name="Engine">Its QUIC engine.</param>
internal sealed record RunningGateway(string Id, int Pid, uint ServerId, string EndPoint, int Port, string Engine);
