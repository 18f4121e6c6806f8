namespace QuicChat.Grains.Rooms;

/// <summary>What whoever opens a log gets beside its entries.</summary>
/// <param name="Fence">Proves the right to write.</param>
/// <param name="Epoch">The life of the log.</param>
internal readonly record struct RoomLogOpening(string Fence, string Epoch);
