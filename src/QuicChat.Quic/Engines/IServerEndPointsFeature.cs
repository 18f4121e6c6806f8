using System.Net;

namespace QuicChat.Quic.Engines;

/// <summary>
/// Handed to a connection factory: more end points of the server that is connected to. A client that migrates to a local address of the other family speaks to the
/// server's end point of that family, which RFC 9000 (section 9) leaves to the server's preferred address; a server that does not expect it does not validate
/// the path, and the connection stays where it was.
/// </summary>
public interface IServerEndPointsFeature
{
    /// <summary>The end points; the one connected to may be among them.</summary>
    IReadOnlyList<IPEndPoint> EndPoints { get; }
}
