using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Driver;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;
using Native = QuicChat.Quic.Ngtcp2.Interop.Ngtcp2;

namespace QuicChat.Quic.Ngtcp2.Tests;

/// <summary>What the engine's threads allocate for datagrams that come and go by UDP.</summary>
[Collection(WholeProcess.Name)]
public sealed class DriverAllocationTests
{
    private const int WarmUp = 20_000_000;
    private const int Bytes = 100_000_000;

    // Fewer than there are.
    private const int Datagrams = Bytes / Native.MaxPmtudUdpPayloadSize;

    [Fact]
    public async Task A_transfer_allocates_nothing_for_its_datagrams()
    {
        await using var listener = (Ngtcp2Listener)await TestEngine.Ngtcp2.BindAsync(new QuicListenerOptions { Certificate = EchoServer.Certificate });
        var accepting = listener.AcceptAsync().AsTask();
        await using var connection = await TestEngine.Ngtcp2.ConnectAsync(listener.Loopback());
        await using var stream = await connection.OpenStreamAsync();
        await stream.Transport.Output.WriteAsync(new byte[1]);
        await using var server = await accepting.Within("the connection") ?? throw new InvalidOperationException("There is no connection.");
        await using var accepted = await server.AcceptAsync().AsTask().Within("the stream") ?? throw new InvalidOperationException("There is no stream.");
        var clients = ClientLoop.Acquire(Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        try
        {
            await TransferAsync(accepted, stream, WarmUp);
            var (serverBefore, clientBefore) = (await AllocatedAsync(listener.Loop), await AllocatedAsync(clients));
            await TransferAsync(accepted, stream, Bytes);
            var (serverBytes, clientBytes) = (await AllocatedAsync(listener.Loop) - serverBefore, await AllocatedAsync(clients) - clientBefore);
            TestContext.Current.TestOutputHelper?.WriteLine($"Allocated for some {Datagrams} datagrams: {serverBytes} bytes to send them, {clientBytes} to receive them.");

            // What is made when the system takes no more for a while, and when a buffer grows, is not a datagram's.
            Assert.InRange(serverBytes, 0, Datagrams / 2);
            Assert.InRange(clientBytes, 0, Datagrams / 2);
        }
        finally
        {
            ClientLoop.Release();
        }
    }

    private static async Task TransferAsync(ConnectionContext from, ConnectionContext to, int count)
    {
        var receiving = Task.Run(() => to.SkipAsync(count));
        var chunk = new byte[50_000];
        for (var sent = 0; sent < count; sent += chunk.Length)
        {
            await from.Transport.Output.WriteAsync(chunk);
        }

        await receiving;
    }

    private static Task<long> AllocatedAsync(EventLoop loop)
    {
        var allocated = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(() => allocated.SetResult(GC.GetAllocatedBytesForCurrentThread()));
        return allocated.Task.Within("the loop");
    }
}
