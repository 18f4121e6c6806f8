namespace QuicChat.Cli.Tests.Chat;

public sealed class ChatVerbTests
{
    [Theory]
    [InlineData("--user ann", "Option '--room' is required")]
    [InlineData("--room lobby", "give either --user or --token")]
    [InlineData("--room lobby --user ann --token x", "give either --user or --token")]
    [InlineData("--room lobby --user ann --ca roots.pem", "--ca goes with --server, and takes the place of --fingerprint")]
    [InlineData("--room lobby --user ann --server nowhere", "--server: 'nowhere' is not a server: write it like chat.example.org:4433, 127.0.0.1:4433 or [::1]:4433")]
    [InlineData("--room lobby --user ann --fingerprint 12", "--fingerprint: '12' is not a SHA-256 fingerprint: it has 64 hex digits, with or without colons")]
    public async Task Wrong_usage_is_one_line(string options, string error)
    {
        var run = await CommandRun.Of(["chat", .. options.Split(' ')]);

        Assert.Equal(2, run.ExitCode);
        Assert.Equal($"quicchat: {error}. See 'quicchat chat --help'.", Assert.Single(run.ErrorLines));
    }

    [Fact]
    public async Task A_missing_file_of_authorities_is_named()
    {
        var run = await CommandRun.Of("chat", "--room", "lobby", "--token", "x", "--server", "127.0.0.1:4433", "--ca", "/nowhere/roots.pem");

        Assert.Equal(1, run.ExitCode);
        Assert.Equal(
            "quicchat: the file '/nowhere/roots.pem' is not there; give the certificate authorities as PEM with --ca FILE.", Assert.Single(run.ErrorLines));
    }

    [Fact]
    public async Task Without_a_certificate_to_trust_it_says_what_to_give()
    {
        using var folder = new TemporaryFolder();

        var run = await CommandRun.Of("chat", "--room", "lobby", "--token", "x", "--server", "127.0.0.1:4433", "--data", folder.FullPath);

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith(
            $"quicchat: '{folder.File("certificate.pem")}' holds no certificate to trust; give --fingerprint or --ca", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }
}
