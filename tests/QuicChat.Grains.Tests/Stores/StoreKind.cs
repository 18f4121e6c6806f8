namespace QuicChat.Grains.Tests.Stores;

public enum StoreKind
{
    Memory,
    Redis,
    Garnet,
}
