namespace QuicChat.Benchmarks.Compare;

/// <summary>What is compared under one name.</summary>
/// <param name="Key">Its name: <c>W1</c>.</param>
/// <param name="Title">What it does, in words.</param>
/// <param name="Ours">Our trials.</param>
/// <param name="Peer">The peer's, each run after ours in its place.</param>
/// <param name="Measures">What is measured; the first one stands for the workload.</param>
internal sealed record Workload(
    string Key, string Title, IReadOnlyList<Trial> Ours, IReadOnlyList<Trial> Peer, IReadOnlyList<Measure> Measures)
{
    /// <summary>Whether all measures find their numbers in what a pair found.</summary>
    /// <exception cref="BenchmarkException">One does not; the message says which.</exception>
    public void Check((Found Ours, Found Peer) pair)
    {
        foreach (var measure in Measures)
        {
            try
            {
                measure.Over([pair]);
            }
            catch (Exception e) when (e is BenchmarkException or KeyNotFoundException or InvalidOperationException)
            {
                throw new BenchmarkException($"{Key}, {measure.Name}: {e.Message.TrimEnd('.')}.");
            }
        }
    }
}
