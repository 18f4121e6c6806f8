namespace QuicChat.Cli.Tests.Load;

public sealed class LoadVerbTests
{
    [Theory]
    [InlineData("--rate 0", "--rate: '0' is not a rate: give a number above 0 and up to 1000000 a second, or leave --rate away")]
    [InlineData("--rooms 0", "--rooms: '0' is not a whole number from 1 to 100000")]
    [InlineData("--members 5 --publishers 6", "--publishers: a room has 5 members; give more --members or fewer publishers")]
    [InlineData("--rooms 10 --members 10 --connections 99", "--connections: 10 rooms of 10 need 100; give more, or fewer --rooms or --members")]
    [InlineData("--rooms 1000 --members 1000", "--rooms: 1000 rooms of 1000 are more than 200000 clients; give fewer rooms or --members")]
    [InlineData("--publishers 0 --rooms 1000 --members 1000", "--rooms: 1000 rooms of 1000 are more than 200000 clients; give fewer rooms or --members")]
    [InlineData("--publishers 0 --payload 50", "--payload, --in-flight and --warm-up: nobody publishes; give --publishers")]
    [InlineData("--steps 50 --rooms 10", "--rooms: nobody publishes, and how many rooms there are follows from --members; leave it away, or give --publishers")]
    [InlineData("--blackhole 100%", "--blackhole: nobody would be left to measure; give less than 100%")]
    [InlineData("--payload 31", "--payload: '31' is not a whole number from 32 to 4096")]
    [InlineData("--storm 10s", "--storm: it is not within the 10 s that are measured; give more --duration")]
    [InlineData("--change-kind active", "--change-kind and --movers go with --changes or --storm")]
    [InlineData("--changes 1 --change-kind wifi", "--change-kind: 'wifi' is not one of nat, address, active, none")]
    [InlineData("--steps 20,10", "--steps: '20,10' are not steps: write rising numbers of connections up to 200000, like 2000,5000,20000")]
    [InlineData("--steps 10,20 --connections 20", "--connections: the last of --steps says how many; leave it away")]
    [InlineData("--publishers 0 --rate 5", "--rate: nobody publishes; give --publishers")]
    [InlineData("--rate 5 --in-flight 2", "--in-flight: with --rate as many are under way as are not acknowledged; leave one of them away")]
    [InlineData("--against --silos 2", "--silos, --gateways, --redis and --redis-server are for a stack of its own")]
    [InlineData("--token-key key", "--token-key goes with --server")]
    public async Task What_cannot_be_is_refused_before_anything_starts(string options, string error)
    {
        var run = await CommandRun.Of(["load", .. options.Split(' ')]);

        Assert.Equal(2, run.ExitCode);
        Assert.Equal($"quicchat: {error}. See 'quicchat load --help'.", Assert.Single(run.ErrorLines));
    }
}
