namespace QuicChat.Quic.Engines;

/// <summary>What has to be the same for a client to use what an earlier connection has left.</summary>
/// <param name="Server">The server, as the application names it: a host or an address, and the port.</param>
/// <param name="ApplicationProtocol">The application protocol.</param>
/// <param name="Trust">How the server was verified; a ticket spares the next connection that.</param>
internal sealed record ResumptionKey(string Server, string ApplicationProtocol, string Trust);
