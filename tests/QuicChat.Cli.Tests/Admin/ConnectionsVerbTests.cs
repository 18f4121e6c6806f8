using System.Text.Json;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Cli.Admin;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Tests.Admin;

public sealed class ConnectionsVerbTests
{
    private static readonly ConnectionSummary Connection = new(
        "00000001c2f0a1b2c3d4e5f60718293a", "ann [x]", "gw-1", "silo-2", MigrationState.MigrationFailed, "[2001:db8::1]:4711", DateTimeOffset.UnixEpoch, 1_234);

    [Fact]
    public void The_object_has_the_documented_shape()
    {
        var (output, error) = Show(json: true, new ConnectionList(2_345, [Connection], []));

        Assert.Equal(
            """{"total":2345,"connections":[{"connectionId":"00000001c2f0a1b2c3d4e5f60718293a","userId":"ann [x]","gatewayId":"gw-1","silo":"silo-2","state":"migrationFailed","remoteEndPoint":"[2001:db8::1]:4711","connectedAt":"1970-01-01T00:00:00+00:00","migrationCount":1234}],"missing":[]}""",
            output.Trim());
        Assert.Empty(error);
    }

    [Fact]
    public void The_table_says_how_many_of_how_many_it_shows()
    {
        var (output, error) = Show(json: false, new ConnectionList(2_345, [Connection], []));

        var lines = output.Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).ToList();
        Assert.Contains("connection user gateway silo state address connected migrations", lines);
        Assert.Contains("00000001c2f0a1b2c3d4e5f60718293a ann [x] gw-1 silo-2 migrationFailed [2001:db8::1]:4711 1970-01-01 00:00:00Z 1,234", lines);
        Assert.Contains("shown 1 of 2,345", lines);
        Assert.Empty(error);
    }

    [Fact]
    public void Where_there_is_none_it_says_so()
    {
        Assert.Equal("No connection is like that.", Show(json: false, new ConnectionList(0, [], [])).Output.Trim());
        Assert.Equal("""{"total":0,"connections":[],"missing":[]}""", Show(json: true, new ConnectionList(0, [], [])).Output.Trim());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_silo_that_does_not_answer_is_named(bool json)
    {
        var (output, error) = Show(json, new ConnectionList(1, [Connection], ["silo-3"]));

        Assert.Equal("silo-3 does not answer, or has died and is being read again; connections of it may be missing", error.Trim());
        if (json)
        {
            Assert.Equal("""["silo-3"]""", JsonDocument.Parse(output).RootElement.GetProperty("missing").GetRawText());
        }
    }

    private static (string Output, string Error) Show(bool json, ConnectionList list)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        ConnectionsVerb.Show(new VerbContext(new(".quicchat"), json, output, error), list);
        return (output.ToString(), error.ToString());
    }
}
