namespace QuicChat.Cli.Stack;

/// <summary>A gateway's ready line.</summary>
/// <param name="Id">Its ID.</param>
/// <param name="ServerId">Its server ID in connection IDs.</param>
/// <param name="EndPoint">The address and port that it is bound to.</param>
/// <param name="Port">Its UDP port.</param>
/// <param name="Engine">Its QUIC engine.</param>
/// <param name="Fingerprint">SHA-256 of its certificate, 64 hex digits.</param>
internal sealed record ReadyGateway(string Id, uint ServerId, string EndPoint, int Port, string Engine, string Fingerprint);
