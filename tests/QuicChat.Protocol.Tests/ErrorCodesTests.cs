using QuicChat.Protocol.V1;
using Xunit;

namespace QuicChat.Protocol.Tests;

public sealed class ErrorCodesTests
{
    [Fact]
    public void EachCodeIsEitherTerminalOrReconnectable()
    {
        ErrorCode[] reconnectable =
        [
            ErrorCode.AuthExpired, ErrorCode.MigrationFailed, ErrorCode.MigrationDenied, ErrorCode.SlowConsumer,
            ErrorCode.GoingAway, ErrorCode.RateLimited, ErrorCode.Internal, ErrorCode.ClientIdTaken,
        ];

        Assert.Equal(reconnectable, Enum.GetValues<ErrorCode>().Where(code => code.IsReconnectable()));
        Assert.All(Enum.GetValues<ErrorCode>(), code => Assert.NotEqual(code.IsReconnectable(), code.IsTerminal()));
    }

    [Fact]
    public void ACodeOfANewerPeerCountsAsInternal()
    {
        Assert.All(Enum.GetValues<ErrorCode>(), code => Assert.Equal(code, ErrorCodes.FromWire((ulong)code)));
        Assert.Equal(ErrorCode.Internal, ErrorCodes.FromWire(14));
        Assert.Equal(ErrorCode.Internal, ErrorCodes.FromWire((1UL << 62) - 1));
    }
}
