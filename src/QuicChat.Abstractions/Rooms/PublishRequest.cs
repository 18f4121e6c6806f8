namespace QuicChat.Abstractions.Rooms;

/// <summary>A message to store.</summary>
/// <param name="UserId">Who sends it, as authenticated.</param>
/// <param name="UserName">The sender's name.</param>
/// <param name="ClientId">The installation of the application.</param>
/// <param name="ClientSeq">The sender's number for it, dense from 1 a user, client and room.</param>
/// <param name="Body">The text.</param>
/// <param name="Term">
/// Under which <see cref="ClientStanding.Term"/> it is sent; higher after each refusal, so that what was sent under a number before it was free is older.
/// </param>
[GenerateSerializer, Immutable, Alias("quicchat.room.publish")]
public sealed record PublishRequest(
    [property: Id(0)] string UserId,
    [property: Id(1)] string UserName,
    [property: Id(2)] string ClientId,
    [property: Id(3)] long ClientSeq,
    [property: Id(4)] string Body,
    [property: Id(5)] long Term);
