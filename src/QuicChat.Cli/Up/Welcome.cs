using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Up;

/// <summary>What <c>up</c> says when all of a stack serves.</summary>
internal static class Welcome
{
    /// <summary>Writes it.</summary>
    public static void Write(VerbContext context, RunningStack stack, bool takesDevelopmentTokens)
    {
        var output = context.Output;
        output.WriteLine();
        foreach (var gateway in stack.Gateways)
        {
            output.WriteLine($"  {gateway.Id,-12}127.0.0.1:{gateway.Port} (UDP {gateway.EndPoint}, engine {gateway.Engine})");
        }

        foreach (var silo in stack.Silos)
        {
            output.WriteLine($"  {silo.Name,-12}dashboard {silo.Dashboard}");
        }

        var store = RedisServer.Describe(stack.ConnectionString);
        output.WriteLine($"  {"store",-12}{store} ({(stack.Store is null ? "Redis" : $"built in, data in {context.Data.StoreFolder}")})");
        output.WriteLine($"  {"certificate",-12}SHA-256 {stack.Fingerprint}");
        output.WriteLine();
        output.WriteLine("Try in two other terminals, and then look at the counts:");
        output.WriteLine();
        var chats = takesDevelopmentTokens ? (string[])["chat --user ann --room lobby", "chat --user bob --room lobby"] : ["chat --room lobby --token \"$TOKEN\""];
        foreach (var arguments in (string[])[.. chats, "admin stats"])
        {
            output.WriteLine($"  {context.Data.Command(arguments)}");
        }

        output.WriteLine();
        output.WriteLine("Ctrl+C stops all of it.");
    }
}
