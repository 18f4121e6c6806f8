using QuicChat.Cli.Demo.Chaos;

namespace QuicChat.Cli.Tests.Demo;

public sealed class TogetherTests
{
    [Fact]
    public async Task Both_results_come_back()
        => Assert.Equal(
            (1, "two"),
            await Together.RunAsync(_ => Task.FromResult(1), _ => Task.FromResult("two"), TestContext.Current.CancellationToken));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failure_cancels_the_other_and_is_the_one_that_is_thrown(bool isFirst)
    {
        var hasEnded = false;
        Task<int> Fail(CancellationToken token) => Task.FromException<int>(new InvalidDataException("no"));
        async Task<int> WaitAsync(CancellationToken token)
        {
            try
            {
                await Task.Delay(Timeout.Infinite, token);
            }
            finally
            {
                hasEnded = true;
            }

            return 0;
        }

        var running = isFirst
            ? Together.RunAsync(Fail, WaitAsync, TestContext.Current.CancellationToken)
            : Together.RunAsync(WaitAsync, Fail, TestContext.Current.CancellationToken);

        Assert.Equal("no", (await Assert.ThrowsAsync<InvalidDataException>(() => running.WaitAsync(TimeSpan.FromSeconds(10)))).Message);
        Assert.True(hasEnded);
    }
}
