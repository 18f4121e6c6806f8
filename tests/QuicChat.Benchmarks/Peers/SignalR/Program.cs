using System.CommandLine;
using QuicChat.Benchmarks.SignalR;
using QuicChat.Cli.Verbs;

if (args is ["serve", var redis, var settings])
{
    return await PeerServer.RunAsync(redis, Enum.Parse<PeerSettings>(settings));
}

using var stop = new StopSignals();
var parsed = new RootCommand("The load of this repository on SignalR.") { new PeerVerb() }.Parse(args);
return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, stop.Token);
