using System.Net;
using QuicChat.Protocol.V1;
using Xunit;

namespace QuicChat.Client.Tests;

/// <summary>The program in docs/client-sdk.md is the one that is compiled and run here.</summary>
public sealed class ExampleTests
{
    [Fact]
    public void TheDocumentShowsTheProgramThatIsCompiledHere()
    {
        var document = Read("client-sdk.md");
        var start = document.IndexOf("```csharp\n", StringComparison.Ordinal) + "```csharp\n".Length;

        Assert.Equal(Read("Program.cs"), document[start..document.IndexOf("```\n", start, StringComparison.Ordinal)]);

        static string Read(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Example", file));
    }

    [Fact]
    public async Task TheProgramChats()
    {
        await using var listener = await EngineTests.ListenAsync();
        using var output = new StringWriter();
        using var input = new StringReader("Hello\nrude\n");
        var chatting = Program.ChatAsync(listener.EndPoint.ToString()!, EngineTests.Fingerprint, "token", "lobby", input, TextWriter.Synchronized(output));
        var connection = new GatewayConnection((await listener.AcceptAsync().AsTask().For("the connection"))!);
        await connection.AcceptHelloAsync();
        using var gateway = new TestGateway();
        await connection.Control.SendAsync(new ServerFrame { Welcome = gateway.Welcome });
        var stream = await connection.AcceptRoomAsync();
        await stream.SendMessageAsync(1, "Welcome\u001b[2J");
        Assert.Equal("Hello", (await stream.ReadPublishAsync()).Body);
        await stream.AckAsync(1, 2);
        await stream.ReadPublishAsync();
        await stream.RejectAsync(2, ErrorCode.NotAllowed, "mind your words");
        Assert.NotNull((await stream.ReadAsync()).Leave);
        stream.Complete();

        Assert.Equal(0, await chatting.For("the program to end"));
        Assert.Equal(
            ["* closed: The session was disposed.", "* connected to gw-1", "* not sent: Room 'lobby' refused the message with NOT_ALLOWED: mind your words", "Bob: Welcome?[2J"],
            output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).Order());
    }

    [Fact]
    public async Task TheProgramSaysInOneLineWhyItCannot()
    {
        using var output = new StringWriter();

        Assert.Equal(1, await Program.ChatAsync(new IPEndPoint(IPAddress.Loopback, 1).ToString(), "no fingerprint", "token", "lobby", TextReader.Null, output));
        Assert.Equal($"'no fingerprint' is not a SHA-256 fingerprint: it has 64 hex digits, with or without colons.{Environment.NewLine}", output.ToString());
    }
}
