using QuicChat.Benchmarks.Engine;
using QuicChat.Benchmarks.Peers;

namespace QuicChat.Benchmarks.Tests;

/// <summary>The servers of the engine's benchmark, where they are not waited for until they are up.</summary>
public sealed class EngineSubjectTests : IDisposable
{
    private readonly DirectoryInfo _certificates = Directory.CreateTempSubdirectory("quicchat-bench-subject-");

    [Fact]
    public async Task Ours_leaves_no_process_behind_when_it_is_not_waited_for()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => OurSubject.StartAsync(_certificates.FullName, new CancellationToken(canceled: true)));

        Assert.DoesNotContain(Descendants.Of(Environment.ProcessId).Values, IsOfThis);
    }

    [Fact]
    public async Task The_peer_leaves_no_process_behind_when_it_is_not_waited_for()
    {
        Assert.SkipUnless(SystemProgram.IsInstalled("gtlsserver"), "gtlsserver is not installed (Debian: ngtcp2-server).");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => GtlsPeer.StartAsync(_certificates.FullName, new CancellationToken(canceled: true)));

        Assert.DoesNotContain(Descendants.Of(Environment.ProcessId).Values, IsOfThis);
    }

    public void Dispose() => _certificates.Delete(recursive: true);

    private bool IsOfThis(string line) => line.Contains(_certificates.FullName, StringComparison.Ordinal);
}
