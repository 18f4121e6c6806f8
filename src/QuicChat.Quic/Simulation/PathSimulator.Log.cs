using System.Net;

using Microsoft.Extensions.Logging;

namespace QuicChat.Quic.Simulation;

public sealed partial class PathSimulator
{
    [LoggerMessage(101, LogLevel.Debug, "{Client}: moved to {Path}", EventName = "Rebound")]
    internal partial void LogRebound(IPEndPoint client, SimulatedPath path);

    [LoggerMessage(100, LogLevel.Information, "{ListenEndPoint}: forwarding to {Server}, seed {Seed}", EventName = "Started")]
    private partial void LogStarted(IPEndPoint listenEndPoint, IPEndPoint server, int seed);

    [LoggerMessage(102, LogLevel.Information, "{Client}: a new client, on {Path}", EventName = "ClientSeen")]
    private partial void LogClientSeen(IPEndPoint client, SimulatedPath path);

    [LoggerMessage(103, LogLevel.Information, "{Client}: silent for long, forgotten", EventName = "ClientForgotten")]
    private partial void LogForgotten(IPEndPoint client);

    [LoggerMessage(104, LogLevel.Error, "{Client}: no path could be opened: {Reason}", EventName = "NoPath")]
    private partial void LogNoPath(IPEndPoint client, string reason);
}
