using QuicChat.Cli.Stack;

namespace QuicChat.Cli.Tests;

/// <summary>A directory of one test, deleted at its end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => FullPath = Directory.CreateTempSubdirectory("quicchat-cli-").FullName;

    public string FullPath { get; }

    public DataFolder Data => new(FullPath);

    public string File(string name) => Path.Combine(FullPath, name);

    public void Dispose() => Directory.Delete(FullPath, recursive: true);
}
