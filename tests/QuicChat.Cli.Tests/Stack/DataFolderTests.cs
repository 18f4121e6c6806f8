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

        Assert.Equal($"'{_folder.File("taken")}' is a file, not a directory", WhyNot(_folder.File("taken/data/deep")));
        Assert.Equal($"'{_folder.File("taken")}' is a file, not a directory", WhyNot(_folder.File("taken")));
        if (OperatingSystem.IsLinux())
        {
            Assert.Equal("'/dev/null' is a file, not a directory", WhyNot("/dev/null"));
            Assert.Equal("the system allows no directory there", WhyNot("/proc/x"));
            Assert.Equal("permission denied", WhyNot("/sys/x"));
        }

        File.WriteAllText(_folder.File("logs"), "");
        Assert.Equal($"'{_folder.File("logs")}' is a file, not a directory", WhyNot(_folder.FullPath));
    }

    [Theory]
    [InlineData("")]
    [InlineData("no Base64")]
    [InlineData("c2hvcnQ=")]
    public void A_token_key_that_is_none_is_named_with_what_to_do(string text)
    {
        File.WriteAllText(_folder.Data.TokenKeyFile, text);

        var error = Assert.Throws<ToolException>(_folder.Data.EnsureTokenKey);

        Assert.Equal(
            $"'{_folder.Data.TokenKeyFile}' does not hold 32 bytes of Base64; delete it, and './quicchat up --data '{_folder.FullPath}'' makes a new one.",
            error.Message);
        Assert.Equal(text, File.ReadAllText(_folder.Data.TokenKeyFile));
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

    private static string WhyNot(string directory)
    {
        var message = Assert.Throws<ToolException>(new DataFolder(directory).Ensure).Message;
        var (begin, end) = ($"the data directory '{directory}' cannot be written (", "); choose another with --data DIR.");
        Assert.StartsWith(begin, message, StringComparison.Ordinal);
        Assert.EndsWith(end, message, StringComparison.Ordinal);
        return message[begin.Length..^end.Length];
    }

    [Fact]
    public void Commands_to_copy_name_the_directory_unless_it_is_the_usual_one()
    {
        Assert.Equal("./quicchat status", new DataFolder(".quicchat").Command("status"));
        Assert.Equal("./quicchat status --data '/var/tmp/a b'", new DataFolder("/var/tmp/a b").Command("status"));
    }
}
