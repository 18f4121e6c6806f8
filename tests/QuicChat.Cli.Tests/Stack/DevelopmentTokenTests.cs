using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace QuicChat.Cli.Tests.Stack;

public sealed class DevelopmentTokenTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_token_names_the_user_and_is_signed_by_the_directorys_key()
    {
        _folder.Data.EnsureTokenKey();

        var run = await CommandRun.Of("token", "--user", "ann", "--name", "Ann Lee", "--expires", "2h", "--data", _folder.FullPath, "--json");

        Assert.Equal(0, run.ExitCode);
        var key = Convert.FromBase64String((await File.ReadAllTextAsync(_folder.Data.TokenKeyFile)).Trim());
        var result = await new JsonWebTokenHandler().ValidateTokenAsync(
            run.Json.GetProperty("token").GetString(),
            new TokenValidationParameters
            {
                ValidIssuer = "quicchat-dev",
                ValidAudience = "quicchat",
                IssuerSigningKey = new SymmetricSecurityKey(key),
                ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            });
        Assert.True(result.IsValid, result.Exception?.Message);
        Assert.Equal(("ann", "Ann Lee"), (result.Claims["sub"], result.Claims["name"]));
        Assert.Equal(TimeSpan.FromHours(2), result.SecurityToken.ValidTo - ((JsonWebToken)result.SecurityToken).IssuedAt);
    }

    [Fact]
    public async Task On_its_own_the_token_is_all_that_is_printed()
    {
        _folder.Data.EnsureTokenKey();

        var run = await CommandRun.Of("token", "--user", "ann", "--data", _folder.FullPath);

        Assert.Equal("ann", new JsonWebToken(run.Output.Trim()).GetClaim("name").Value);
        Assert.Empty(run.Error);
    }

    [Fact]
    public async Task The_rooms_that_it_opens_are_its_claim()
    {
        _folder.Data.EnsureTokenKey();

        var run = await CommandRun.Of(
            "token", "--user", "ann", "--rooms", "private:team", "--rooms", "private:project-*", "--rooms", "*", "--data", _folder.FullPath);
        var none = await CommandRun.Of("token", "--user", "ann", "--data", _folder.FullPath);

        var token = new JsonWebToken(run.Output.Trim());
        Assert.Equal(["private:team", "private:project-*", "*"], token.Claims.Where(claim => claim.Type == "rooms").Select(claim => claim.Value));
        Assert.False(new JsonWebToken(none.Output.Trim()).TryGetClaim("rooms", out _));
    }

    [Theory]
    [InlineData("lobby", "opens no private room")]
    [InlineData("private:", "opens no private room")]
    [InlineData("direct:ann:*", "opens no private room")]
    [InlineData("private:two words", "U+0020")]
    [InlineData("", "empty")]
    public async Task Rooms_that_the_claim_would_not_open_are_refused(string rooms, string expected)
    {
        foreach (var verb in (string[][])[["token"], ["chat", "--room", "private:team"]])
        {
            var run = await CommandRun.Of([.. verb, "--user", "ann", "--rooms", rooms, "--data", _folder.FullPath]);

            Assert.Equal(2, run.ExitCode);
            Assert.Contains(expected, Assert.Single(run.ErrorLines, line => line.Contains("--rooms: ", StringComparison.Ordinal)), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("not base64!")]
    [InlineData("c2hvcnQ=")]
    public async Task A_damaged_key_is_one_clear_line(string key)
    {
        await File.WriteAllTextAsync(_folder.Data.TokenKeyFile, key);

        var run = await CommandRun.Of("token", "--user", "ann", "--data", _folder.FullPath);

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith($"quicchat: '{_folder.Data.TokenKeyFile}' does not hold 32 bytes of Base64; delete it", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }
}
