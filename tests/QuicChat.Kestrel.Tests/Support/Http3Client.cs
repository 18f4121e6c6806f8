using System.Buffers;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;

namespace QuicChat.Kestrel.Tests.Support;

/// <summary>Just enough of an HTTP/3 client (RFC 9114) to do what well-behaved ones do not.</summary>
internal sealed class Http3Client : IAsyncDisposable
{
    private Http3Client(MultiplexedConnectionContext connection)
    {
        Connection = connection;
        GoneAway = ReadControlStreamAsync();
    }

    public MultiplexedConnectionContext Connection { get; }

    /// <summary>Completes when the server takes no more requests on this connection (RFC 9114, section 5.2).</summary>
    public Task GoneAway { get; }

    /// <summary>Completes when the connection has ended.</summary>
    public Task<ConnectionClosure> Closed => Connection.Features.Get<IConnectionCloseFeature>()!.Closed;

    public static async Task<Http3Client> ConnectAsync(IPEndPoint server, ServerTrust? trust = null, int window = 256 * 1024)
    {
        var factory = QuicEngine.CreateConnectionFactory(QuicEngineKind.Ngtcp2, new QuicClientOptions
        {
            Trust = trust ?? new ServerTrust.Pinned(TestCertificate.Localhost.GetCertHash(System.Security.Cryptography.HashAlgorithmName.SHA256)),
            ApplicationProtocol = "h3",
            MaxUnidirectionalStreams = 3,
            StreamReceiveWindow = window,
        });
        var client = new Http3Client(await factory.ConnectAsync(server).AsTask().Within("the HTTP/3 connection"));
        var features = new FeatureCollection();
        features.Set<IStreamDirectionFeature>(new WriteOnly());
        var control = await client.Connection.ConnectAsync(features);

        // A control stream, with empty settings.
        await control.Transport.Output.WriteAsync(new byte[] { 0x00, 0x04, 0x00 });
        return client;
    }

    /// <summary>Sends a request without a body.</summary>
    public async Task<Http3Response> GetAsync(string path, bool ends = true)
    {
        var stream = await Connection.ConnectAsync().AsTask().Within("a request stream");
        var fields = new List<byte> { 0, 0, 0xd1, 0xd7 }; // :method GET, :scheme https (RFC 9204, appendix A)
        AddField(fields, 0x50, "localhost"); // :authority
        AddField(fields, 0x51, path); // :path
        var frame = new List<byte> { 0x01, (byte)(0x40 | fields.Count >> 8), (byte)fields.Count };
        frame.AddRange(fields);
        await stream.Transport.Output.WriteAsync(frame.ToArray());
        if (ends)
        {
            await stream.Transport.Output.CompleteAsync();
        }

        return new Http3Response(stream);
    }

    /// <summary>Sends a request, and waits for all of its answer.</summary>
    public async Task<string> GetTextAsync(string path)
    {
        await using var response = await GetAsync(path);
        return Encoding.UTF8.GetString(await response.ReadToEndAsync());
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();

    private async Task ReadControlStreamAsync()
    {
        const byte Control = 0x00;
        const byte GoAway = 0x07;
        var stream = await Connection.AcceptAsync() ?? throw new InvalidOperationException("The server opened no control stream.");
        if ((await ReadExactlyAsync(stream, 1))[0] != Control)
        {
            throw new InvalidOperationException("The server's first stream is not its control stream.");
        }

        // Its frames are short: type and length take one byte each.
        byte type;
        do
        {
            var header = await ReadExactlyAsync(stream, 2);
            type = header[0];
            await ReadExactlyAsync(stream, header[1]);
        }
        while (type != GoAway);
    }

    private static async Task<byte[]> ReadExactlyAsync(ConnectionContext stream, int length)
    {
        var result = await stream.Transport.Input.ReadAtLeastAsync(length);
        var bytes = result.Buffer.Slice(0, length).ToArray();
        stream.Transport.Input.AdvanceTo(result.Buffer.GetPosition(length));
        return bytes;
    }

    private static void AddField(List<byte> fields, byte name, string value)
    {
        if (value.Length > 126)
        {
            throw new ArgumentException("That is too long for a length of one byte.", nameof(value));
        }

        fields.Add(name);
        fields.Add((byte)value.Length);
        fields.AddRange(Encoding.ASCII.GetBytes(value));
    }

    private sealed class WriteOnly : IStreamDirectionFeature
    {
        public bool CanRead => false;

        public bool CanWrite => true;
    }
}
