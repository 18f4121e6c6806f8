using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Interop;

[Collection(WholeProcess.Name)]
public sealed class ConnectionHandleTests
{
    [Fact]
    public void One_that_cannot_be_made_holds_nothing()
    {
        NativeLibraries.EnsureLoaded();
        var before = ConnectionHandle.Live;
        var credentials = CredentialsHandle.ForClient();
        credentials.Dispose();

        Assert.Throws<ObjectDisposedException>(() => new ConnectionHandle(new object(), credentials, Gnutls.Client));

        Assert.Equal(before, ConnectionHandle.Live);
    }
}
