using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace QuicChat.Quic.Engines;

/// <summary>Why an end point cannot be listened on, in words that say what to do.</summary>
internal static class ListenFailure
{
    /// <summary>What to throw instead of <paramref name="failure"/>.</summary>
    public static Exception Explain(IPEndPoint endPoint, SocketException failure) => failure.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => Taken(endPoint, failure),
        SocketError.AddressNotAvailable => new SocketException(
            (int)failure.SocketErrorCode, $"{endPoint.Address} is not an address of this machine. Listen on one that is, or on [::] for all of them."),
        SocketError.AccessDenied => new SocketException(
            (int)failure.SocketErrorCode, $"UDP port {endPoint.Port} needs the privilege CAP_NET_BIND_SERVICE. Choose a port above 1023, or grant it."),
        _ => failure,
    };

    /// <summary>Somebody else has the port.</summary>
    public static AddressInUseException Taken(IPEndPoint endPoint, Exception failure)
        => new($"UDP port {endPoint.Port} is taken on {endPoint.Address}. Stop what listens there, or choose another port.", failure);
}
