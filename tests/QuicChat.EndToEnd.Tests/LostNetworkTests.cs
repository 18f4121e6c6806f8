using System.Net;
using QuicChat.EndToEnd.Tests.Support;
using Xunit;

namespace QuicChat.EndToEnd.Tests;

/// <summary>A machine with two networks loses the one that its chat is on.</summary>
public sealed class LostNetworkTests(Stack stack, ITestOutputHelper output)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_chat_goes_on_by_the_other(bool systemReroutes)
    {
        using var networks = TwoNetworks.Create();
        if (systemReroutes)
        {
            networks.RouteByMetric();
        }
        else
        {
            networks.RouteBySource();
        }

        var user = $"ann-{Guid.NewGuid():N}";
        await using var chat = Tool.StartIn(
            networks.Prefix, "chat", "--user", user, "--room", user, "--server", $"{TwoNetworks.Server}:{stack.Gateway.Port}", "--data", stack.Data);
        await SaysAsync("before");
        var connection = await ConnectionAsync();
        Assert.Equal((0L, TwoNetworks.AddressA), (connection.Migrations, connection.Address));

        networks.LoseA();
        await SaysAsync("after");
        Connection? moved = null;
        await Eventually.HoldsAsync(async () => (moved = await ConnectionAsync()).Address == TwoNetworks.AddressB, () => $"the move is known: {chat.Error}");
        output.WriteLine(chat.Error);
        Assert.Equal(connection.Id, moved!.Id);

        // Where the system sends the client's packets by the other network at once, the client moves there by itself a moment later, under new connection IDs.
        Assert.InRange(moved.Migrations, 1, systemReroutes ? 2 : 1);
        chat.EndInput();
        Assert.Equal(0, (await chat.EndAsync(Limit)).ExitCode);
        Assert.Equal([$"{user}: before", $"{user}: after"], chat.Output.TrimEnd().Split('\n').Select(line => line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..]));

        async Task SaysAsync(string text)
        {
            await chat.WriteAsync($"{text}\n");
            await Eventually.HoldsAsync(() => chat.Output.Contains($"{user}: {text}", StringComparison.Ordinal), () => $"'{text}' is shown: {chat.Output}{chat.Error}");
        }

        async Task<Connection> ConnectionAsync()
        {
            var listed = await Tool.RunAsync(Limit, "admin", "connections", "--user", user, "--json", "--data", stack.Data);
            Assert.True(listed.ExitCode == 0, listed.ToString());
            var found = Assert.Single(listed.Json.GetProperty("connections").EnumerateArray());
            var remote = IPEndPoint.Parse(found.GetProperty("remoteEndPoint").GetString()!);
            return new Connection(found.GetProperty("connectionId").GetString()!, found.GetProperty("migrationCount").GetInt64(), remote.Address.ToString());
        }
    }

    private sealed record Connection(string Id, long Migrations, string Address);
}
