using QuicChat.Gateway.Hosting;
using QuicChat.Gateway.Sessions;

namespace QuicChat.Gateway.Tests.Sessions;

public sealed class TokenKeyTests
{
    [Fact]
    public void A_key_file_is_32_bytes_of_Base64_and_its_key_is_never_shown()
    {
        var file = Path.GetTempFileName();
        try
        {
            var bytes = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
            File.WriteAllText(file, Convert.ToBase64String(bytes) + "\n");
            var key = TokenKey.Load(file);
            Assert.Equal(bytes, key.Bytes);
            Assert.DoesNotContain(Convert.ToBase64String(bytes), key.ToString(), StringComparison.Ordinal);

            foreach (var bad in new[] { "", "not base64!", Convert.ToBase64String(new byte[31]), Convert.ToBase64String(new byte[64]) })
            {
                File.WriteAllText(file, bad);
                Assert.Contains(file, Assert.Throws<GatewayStartException>(() => TokenKey.Load(file)).Message, StringComparison.Ordinal);
            }
        }
        finally
        {
            File.Delete(file);
        }
    }
}
