using System.Net;

namespace QuicChat.Store;

/// <summary>What the store is started with.</summary>
/// <param name="Directory">Where the data is. One store at a time uses it.</param>
/// <param name="Address">The address to listen on.</param>
/// <param name="Port">The TCP port to listen on; 0 takes a free one.</param>
public sealed record StoreOptions(DirectoryInfo Directory, IPAddress Address, int Port)
{
    /// <summary>The data directory that all verbs of the tool share has this folder for the store.</summary>
    public const string DefaultDirectory = ".quicchat/store";

    /// <summary>Redis' own port with one digit changed, so that a Redis on the same machine is never mistaken for this store.</summary>
    public const int DefaultPort = 6390;
}
