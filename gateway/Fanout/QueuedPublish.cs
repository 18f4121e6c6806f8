using QuicChat.Abstractions.Rooms;

namespace QuicChat.Gateway.Fanout;

/// <summary>A message on its way to its room.</summary>
/// <param name="Request">The message.</param>
/// <param name="Publisher">Who waits for the answer.</param>
/// <param name="Since">Since when, a timestamp of the clock.</param>
internal readonly record struct QueuedPublish(PublishRequest Request, IPublisher Publisher, long Since);
