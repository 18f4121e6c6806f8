namespace QuicChat.Grains.Rooms;

/// <summary>What is kept of a client none of whose messages is in the log any more.</summary>
/// <param name="UserId">Its user.</param>
/// <param name="ClientId">The client.</param>
/// <param name="LastClientSeq">The last number stored from it.</param>
/// <param name="Term">The highest term of its messages.</param>
/// <param name="At">When the last of its messages was cut off.</param>
internal readonly record struct CutOffClient(string UserId, string ClientId, long LastClientSeq, long Term, DateTimeOffset At);
