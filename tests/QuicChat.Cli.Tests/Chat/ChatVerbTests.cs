using System.Net;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;

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
    public async Task A_file_of_authorities_that_holds_none_is_named_with_why()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("junk.pem"), "junk");
        await File.WriteAllTextAsync(folder.File("damaged.pem"), "-----BEGIN CERTIFICATE-----\nanVuaw==\n-----END CERTIFICATE-----\n");

        foreach (var (file, why) in new[]
        {
            ("missing.pem", "cannot be read (it is not there)"),
            ("", "cannot be read (it is a directory, not a file)"),
            ("junk.pem", "holds no certificate"),
            ("damaged.pem", "holds no certificate"),
        })
        {
            var path = folder.File(file);

            var run = await CommandRun.Of("chat", "--room", "lobby", "--token", "x", "--server", "127.0.0.1:4433", "--ca", path);

            Assert.Equal(1, run.ExitCode);
            Assert.Equal($"quicchat: the file '{path}' {why}; give the certificate authorities as PEM with --ca FILE.", Assert.Single(run.ErrorLines));
        }
    }

    [Theory]
    [InlineData("--fingerprint", "that was given with --fingerprint.")]
    [InlineData("--ca", "that was given with --ca.")]
    [InlineData("--ca system", "that was given with --ca.")]
    [InlineData("--data", "that was given by the data directory; name another with --data DIR, or give --fingerprint.")]
    public async Task A_server_that_is_not_the_trusted_one_names_the_option_to_check(string option, string advice)
    {
        using var folder = new TemporaryFolder();
        var served = DevelopmentCertificate.Ensure(folder.File("served"), TimeProvider.System);
        var other = DevelopmentCertificate.Ensure(folder.File("other"), TimeProvider.System);
        var value = option switch
        {
            "--fingerprint" => other.Fingerprint,
            "--ca" => folder.File("other/certificate.pem"),
            "--ca system" => "system",
            _ => folder.File("other"),
        };
        await using var listener = await QuicEngine
            .CreateListenerFactory(QuicEngineKind.Ngtcp2, new QuicListenerOptions { Certificate = served })
            .BindAsync(new IPEndPoint(IPAddress.Loopback, 0), null, TestContext.Current.CancellationToken);

        var run = await CommandRun.Of("chat", "--room", "lobby", "--token", "x", "--server", listener.EndPoint.ToString()!, option.Split(' ')[0], value);

        Assert.Equal(1, run.ExitCode);
        var error = Assert.Single(run.ErrorLines);
        Assert.StartsWith($"quicchat: The server at {listener.EndPoint} is not the trusted one (", error, StringComparison.Ordinal);
        Assert.EndsWith($". Check the fingerprint or authority {advice}", error, StringComparison.Ordinal);
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
