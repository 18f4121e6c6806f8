using System.Net;
using Garnet.server;
using Microsoft.Extensions.Logging;

namespace QuicChat.Store;

/// <summary>A listener that lets something be done after recovery and before the first client.</summary>
internal sealed class GatedListener(IPEndPoint endPoint, ILogger logger) : GarnetServerTcp(endPoint, logger: logger)
{
    public Action? BeforeListening { get; set; }

    public override void Start()
    {
        BeforeListening?.Invoke();
        base.Start();
    }
}
