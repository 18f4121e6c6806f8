using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Tests.Stack;

public sealed class DataFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_is_made_for_its_owner_alone()
    {
        var data = new DataFolder(_folder.File("deep/data"));

        data.Ensure();
        data.Ensure();

        Assert.True(Directory.Exists(Path.GetDirectoryName(data.LogFile("store"))));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(data.FullPath));
        }
    }

    [Fact]
    public void Where_nothing_can_be_written_it_says_so_in_one_line()
    {
        File.WriteAllText(_folder.File("taken"), "");
        var data = new DataFolder(_folder.File("taken/data"));

        var error = Assert.Throws<ToolException>(data.Ensure);

        Assert.StartsWith($"the data directory '{data.Given}' cannot be written (", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("choose another with --data DIR.", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void The_token_key_is_32_random_bytes_made_once()
    {
        _folder.Data.EnsureTokenKey();
        var key = File.ReadAllText(_folder.Data.TokenKeyFile);
        _folder.Data.EnsureTokenKey();

        Assert.Equal(key, File.ReadAllText(_folder.Data.TokenKeyFile));
        Assert.Equal(32, Convert.FromBase64String(key.Trim()).Length);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.Data.TokenKeyFile));
        }
    }

    [Fact]
    public void Commands_to_copy_name_the_directory_unless_it_is_the_usual_one()
    {
        Assert.Equal("./quicchat status", new DataFolder(".quicchat").Command("status"));
        Assert.Equal("./quicchat status --data '/var/tmp/a b'", new DataFolder("/var/tmp/a b").Command("status"));
    }
}
