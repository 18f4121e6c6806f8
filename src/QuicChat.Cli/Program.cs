using QuicChat.Cli;
using QuicChat.Cli.Verbs;

using var stop = new StopSignals();
return await CommandTree.RunAsync(args, Console.Out, Console.Error, stop.Token);
