using System.Diagnostics;
using System.Text.Json;

namespace QuicChat.Cli.Tests.Verbs;

public sealed class UsageTests
{
    [Theory]
    [InlineData("up --silo 2", "quicchat: '--silo' is not known here; did you mean '--silos'. See 'quicchat up --help'.")]
    [InlineData("up --silos 0", "quicchat: --silos: '0' is not a whole number from 1 to 16. See 'quicchat up --help'.")]
    [InlineData("up --silos", "quicchat: Required argument missing for option: '--silos'. See 'quicchat up --help'.")]
    [InlineData("up --port 65535 --gateways 2", "quicchat: --port: the ports of all gateways must be below 65536. See 'quicchat up --help'.")]
    [InlineData("up --engine quiche", "quicchat: --engine: 'quiche' is not an engine: it is auto, ngtcp2 or system. See 'quicchat up --help'.")]
    [InlineData("up --redis x,y=z", "quicchat: --redis: this is not a connection string of Redis (Keyword 'y' is not supported): write it like 127.0.0.1:6379 or redis.example.org:6380,ssl=true. See 'quicchat up --help'.")]
    [InlineData("up --redis host:99999", "quicchat: --redis: this is not a connection string of Redis (port ('99999') must be less than or equal to '65535'): write it like 127.0.0.1:6379 or redis.example.org:6380,ssl=true. See 'quicchat up --help'.")]
    [InlineData("upp", "quicchat: 'upp' is not known here; did you mean 'up'. See 'quicchat --help'.")]
    [InlineData("", "quicchat: give a verb: up, status, token, chat, admin, relay, demo, load, bench. See 'quicchat --help'.")]
    [InlineData("admin", "quicchat: give a verb: stats, connections, connection, migrations, gateways, silos, kick, fail, drain, timeout, policy, reset. See 'quicchat admin --help'.")]
    [InlineData("admin stat", "quicchat: 'stat' is not known here; did you mean 'stats'. See 'quicchat admin --help'.")]
    [InlineData("admin connectionz", "quicchat: 'connectionz' is not known here; did you mean 'connections'. See 'quicchat admin --help'.")]
    [InlineData("admin connections --state lost", "quicchat: --state: 'lost' is not a state: it is stable, migrating or migrationFailed. See 'quicchat admin connections --help'.")]
    [InlineData("admin connections --state 1", "quicchat: --state: '1' is not a state: it is stable, migrating or migrationFailed. See 'quicchat admin connections --help'.")]
    [InlineData("admin connections --state migrationCompleted", "quicchat: --state: 'migrationCompleted' is not a state: it is stable, migrating or migrationFailed. See 'quicchat admin connections --help'.")]
    [InlineData("admin connections --limit 0", "quicchat: --limit: '0' is not a whole number from 1 to 10000. See 'quicchat admin connections --help'.")]
    [InlineData("admin connections --limit 10001", "quicchat: --limit: '10001' is not a whole number from 1 to 10000. See 'quicchat admin connections --help'.")]
    [InlineData("admin fail 123 --reason gone", "quicchat: '123' is not a connection ID, which is 32 hex digits. See 'quicchat admin fail --help'.")]
    [InlineData("admin fail --reason gone", "quicchat: Required argument 'ID' missing for command: 'fail'. See 'quicchat admin fail --help'.")]
    [InlineData("admin fail 00000001c2f0a1b2c3d4e5f60718293a", "quicchat: Option '--reason' is required. See 'quicchat admin fail --help'.")]
    [InlineData("admin migrations --failed --migrating", "quicchat: --migrating, --failed and --history are three questions; ask one. See 'quicchat admin migrations --help'.")]
    [InlineData("admin migrations --follow --migrating", "quicchat: --follow is about what comes, and goes with --failed alone; leave --migrating, --history and --limit away. See 'quicchat admin migrations --help'.")]
    [InlineData("admin migrations --follow --history 00000001c2f0a1b2c3d4e5f60718293a", "quicchat: --follow is about what comes, and goes with --failed alone; leave --migrating, --history and --limit away. See 'quicchat admin migrations --help'.")]
    [InlineData("admin migrations --follow --limit 3", "quicchat: --follow is about what comes, and goes with --failed alone; leave --migrating, --history and --limit away. See 'quicchat admin migrations --help'.")]
    [InlineData("admin drain", "quicchat: Required argument 'GATEWAY' missing for command: 'drain'. See 'quicchat admin drain --help'.")]
    [InlineData("admin drain gw-1 --within 0s", "quicchat: --within: '0s' is not between 1s and 1h. See 'quicchat admin drain --help'.")]
    [InlineData("token", "quicchat: Option '--user' is required. See 'quicchat token --help'.")]
    [InlineData("token --user ann --expires soon", "quicchat: --expires: 'soon' is not a duration: write it like 20ms, 5s, 2m or 1h. See 'quicchat token --help'.")]
    [InlineData("relay --rebind-every 1ms", "quicchat: --rebind-every: '1ms' is not between 10ms and 1d. See 'quicchat relay --help'.")]
    [InlineData("relay --blackhole left", "quicchat: --blackhole: 'left' is not a direction: it is up, down or both. See 'quicchat relay --help'.")]
    public async Task Wrong_usage_is_one_line_and_exit_code_2(string line, string expected)
    {
        var run = await CommandRun.Of(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(expected, Assert.Single(run.ErrorLines));
        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
    }

    [Theory]
    [InlineData("load --json --rate -5", "--rate: '-5' is not a rate: give a number above 0 and up to 1000000 a second, or leave --rate away. See 'quicchat load --help'.")]
    [InlineData("load --publishers 0 --rate 5 --json", "--rate: nobody publishes; give --publishers. See 'quicchat load --help'.")]
    public async Task Wrong_usage_is_told_to_programs_too(string line, string expected)
    {
        var run = await CommandRun.Of(line.Split(' '));

        Assert.Equal(2, run.ExitCode);
        Assert.Equal(expected, JsonDocument.Parse(run.Output).RootElement.GetProperty("error").GetString());
        Assert.Equal($"quicchat: {expected}", Assert.Single(run.ErrorLines));
    }

    [Theory]
    [InlineData("up", "--data", "--data: the name of the directory is empty; give one, or leave the option away for '.quicchat'")]
    [InlineData("status", "--data", "--data: the name of the directory is empty; give one, or leave the option away for '.quicchat'")]
    [InlineData("up", "--redis", "--redis: this names no server: write it like 127.0.0.1:6379 or redis.example.org:6380,ssl=true")]
    [InlineData("token", "--user", "--user: The user ID is empty")]
    [InlineData("token", "--name", "--name: The user name is empty")]
    [InlineData("chat", "--user", "--user: The user ID is empty")]
    [InlineData("chat", "--token", "--token: The token is empty")]
    [InlineData("chat", "--ca", "--ca: the name of the file is empty")]
    public async Task An_empty_text_is_wrong_usage(string verb, string option, string error)
    {
        string[] required = verb switch { "chat" => ["--room", "lobby"], "token" when option != "--user" => ["--user", "ann"], _ => [] };

        var run = await CommandRun.Of([verb, .. required, option, ""]);

        Assert.Equal(2, run.ExitCode);
        Assert.Equal($"quicchat: {error}. See 'quicchat {verb} --help'.", Assert.Single(run.ErrorLines));
    }

    [Theory]
    [InlineData("fail", "", "is empty; say why")]
    [InlineData("fail", " \t ", "is empty; say why")]
    [InlineData("fail", "two\nlines", "has control characters; write it as one plain line")]
    [InlineData("fail", "257", "has 257 characters; 256 are allowed")]
    [InlineData("kick", "", "is empty; say why")]
    [InlineData("kick", "two\nlines", "has control characters; write it as one plain line")]
    public async Task The_reason_of_an_end_is_one_line_of_some_length(string verb, string reason, string error)
    {
        var text = reason == "257" ? new string('x', 257) : reason;

        var run = await CommandRun.Of("admin", verb, "00000001c2f0a1b2c3d4e5f60718293a", "--reason", text);

        Assert.Equal(2, run.ExitCode);
        Assert.Equal($"quicchat: --reason: the reason {error}. See 'quicchat admin {verb} --help'.", Assert.Single(run.ErrorLines));
    }

    [Theory]
    [InlineData("--user")]
    [InlineData("--gateway")]
    [InlineData("--state")]
    public async Task An_empty_filter_is_wrong_usage(string option)
    {
        var run = await CommandRun.Of("admin", "connections", option, "");

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith($"quicchat: {option}: ", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_that_is_far_too_long_is_not_repeated_in_full()
    {
        var run = await CommandRun.Of("relay", "--to", new string('x', 100_000));

        Assert.Equal(2, run.ExitCode);
        Assert.InRange(Assert.Single(run.ErrorLines).Length, 1, 400);
    }

    [Theory]
    [InlineData("up")]
    [InlineData("status")]
    [InlineData("token")]
    [InlineData("chat")]
    [InlineData("admin stats")]
    [InlineData("admin connections")]
    [InlineData("admin fail")]
    [InlineData("admin migrations")]
    [InlineData("relay")]
    [InlineData("demo")]
    public async Task Every_verb_has_help_with_examples_and_the_common_options(string verb)
    {
        var run = await CommandRun.Of([.. verb.Split(' '), "--help"]);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains($"Examples:\n  ./quicchat {verb}", run.Output, StringComparison.Ordinal);
        Assert.Contains("--data <DIR>", run.Output, StringComparison.Ordinal);
        Assert.Contains("--json", run.Output, StringComparison.Ordinal);
        Assert.Empty(run.Error);
    }

    [Theory]
    [InlineData("token --user ann")]
    [InlineData("chat --user ann --room lobby")]
    [InlineData("admin stats")]
    [InlineData("admin connections --state migration-failed --user ann --gateway gw-1 --limit 10000")]
    [InlineData("admin fail 00000001c2f0a1b2c3d4e5f60718293a --reason gone")]
    [InlineData("admin migrations --follow")]
    [InlineData("relay")]
    [InlineData("status")]
    public async Task Without_a_stack_a_verb_says_so_in_one_line_and_exits_1(string line)
    {
        using var folder = new TemporaryFolder();

        var run = await CommandRun.Of([.. line.Split(' '), "--data", folder.File("none"), "--json"]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"'./quicchat up --data '{folder.File("none")}''", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
        Assert.StartsWith("quicchat: ", run.Error, StringComparison.Ordinal);
        Assert.Equal(run.Error.Trim()["quicchat: ".Length..], run.Json.GetProperty("error").GetString());
    }

    [Fact]
    public async Task The_process_ends_with_the_exit_code()
    {
        var tool = Path.Combine(AppContext.BaseDirectory, "quicchat.dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [tool, "nonsense"]) { RedirectStandardError = true })!;

        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(2, process.ExitCode);
        Assert.Equal("quicchat: 'nonsense' is not known here. See 'quicchat --help'.", error.Trim());
    }
}
