using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using QuicChat.Gateway.Hosting;
using QuicChat.Gateway.Identity;
using QuicChat.Gateway.Tests.Support;
using static QuicChat.Gateway.Tests.Support.SigningKeys;

namespace QuicChat.Gateway.Tests.Identity;

public sealed class TokenKeyFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("token-keys-");
    private readonly TestTime _time = new();
    private readonly LogLines<TokenKeyFile> _log = new();
    private readonly string _file;

    public TokenKeyFileTests() => _file = Path.Combine(_folder.FullName, "keys");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_changed_file_is_read_and_a_broken_one_leaves_the_keys_in_force_and_one_line()
    {
        await File.WriteAllTextAsync(_file, Jwks(Jwk(Rsa, "old")));
        using var keys = Open();
        await keys.StartAsync(CancellationToken.None);
        Assert.Equal((LogLevel.Information, $"Tokens are verified with RS256 'old' of '{_file}'."), _log.Next());

        await File.WriteAllTextAsync(_file, Jwks(Jwk(Rsa, "old"), Jwk(OtherRsa, "new")));
        Look();
        Assert.Equal("RS256 'old', RS256 'new'", keys.Keys.ToString());
        Assert.Equal(LogLevel.Information, _log.Next().Level);

        await File.WriteAllTextAsync(_file, """{"keys":[""");
        Look();
        Look();
        Assert.Equal(
            (LogLevel.Warning, $"The token key file '{_file}' begins like a JWKS, but is none. Tokens are still verified with RS256 'old', RS256 'new'."),
            _log.Next());
        File.Delete(_file);
        Look();
        Look();
        Assert.Contains("cannot be read: it is not there.", _log.Next().Text, StringComparison.Ordinal);
        Assert.True(_log.IsQuiet);
        Assert.Equal("RS256 'old', RS256 'new'", keys.Keys.ToString());

        await File.WriteAllTextAsync(_file, Jwks(Jwk(OtherRsa, "new")));
        Look();
        Assert.Equal("RS256 'new'", keys.Keys.ToString());

        await keys.StopAsync(CancellationToken.None);
        await File.WriteAllTextAsync(_file, Tokens.KeyText);
        Look();
        Assert.Equal("RS256 'new'", keys.Keys.ToString());
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.OtherRead, true)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.GroupRead, false)]
    public async Task A_shared_key_that_everyone_can_read_is_warned_of(UnixFileMode mode, bool isWarned)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        await File.WriteAllTextAsync(_file, Tokens.KeyText);
        File.SetUnixFileMode(_file, mode);
        using var keys = Open();

        await keys.StartAsync(CancellationToken.None);

        Assert.Equal(LogLevel.Information, _log.Next().Level);
        Assert.Equal(isWarned, !_log.IsQuiet);
        if (isWarned)
        {
            Assert.Equal((LogLevel.Warning, $"The shared key in '{_file}' can be read or written by all users of this machine; 'chmod 600' it."), _log.Next());
        }
    }

    [Fact]
    public async Task A_public_key_may_be_read_by_everyone()
    {
        await File.WriteAllTextAsync(_file, Rsa.ExportSubjectPublicKeyInfoPem());
        using var keys = Open();
        await keys.StartAsync(CancellationToken.None);
        _log.Next();
        Assert.True(_log.IsQuiet);
    }

    [Fact]
    public async Task A_start_without_a_usable_file_says_what_is_wrong_and_what_to_do()
    {
        Assert.Equal(
            $"The token key file '{_file}' cannot be read: it is not there. Give one with --token-key FILE.",
            Assert.Throws<GatewayStartException>(Open).Message);
        await File.WriteAllTextAsync(_file, "");
        Assert.Equal(
            $"The token key file '{_file}' is empty; it takes a JWKS, public keys as PEM, or 32 bytes of Base64. Give one with --token-key FILE.",
            Assert.Throws<GatewayStartException>(Open).Message);
    }

    private TokenKeyFile Open() => new(Options.Create(new TokenOptions { KeyFile = _file }), _time, _log);

    private void Look() => _time.Advance(TimeSpan.FromSeconds(5));
}
