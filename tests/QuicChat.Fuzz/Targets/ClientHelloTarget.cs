using System.Buffers.Binary;
using System.Text;
using QuicChat.Quic.Ngtcp2.Core;

namespace QuicChat.Fuzz.Targets;

/// <summary>First messages of TLS clients, of which the engine reads the server's name before TLS does.</summary>
internal sealed class ClientHelloTarget : IFuzzTarget
{
    private static readonly byte[] Good = Make("a-host.example");

    public IEnumerable<byte[]> Seeds => [[0, .. Good], [1], [1, 0, 50, 0, 7], [0, .. Make("")], [0, .. Make("*.\n")]];

    public void Run(ReadOnlySpan<byte> input)
    {
        var choices = new FuzzInput(input);
        var message = (choices.Byte() & 1) == 0 ? choices.Rest() : choices.Edit(Good);
        var name = ClientHelloMessage.ReadServerName(message);

        FindingException.ThrowUnless(name.Length <= 255 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_'), $"'{name}' is no host's name.");
        FindingException.ThrowUnless(name.Length == 0 || message.IndexOf(Encoding.ASCII.GetBytes(name)) >= 0, $"'{name}' is not in the message.");
        var isWhole = message.Length >= 4 && message.Length >= 4 + ((message[1] << 16) | (message[2] << 8) | message[3]);
        FindingException.ThrowUnless(ClientHelloMessage.IsComplete(message) == isWhole, "Its length is judged wrongly.");
        FindingException.ThrowUnless(!message.SequenceEqual(Good) || name == "a-host.example", "The name is not found.");
    }

    public void Dispose()
    {
    }

    // RFC 8446, section 4.1.2, with server_name (RFC 6066, section 3) behind another extension.
    private static byte[] Make(string name)
    {
        byte[] extensions = [0, 43, 0, 3, 2, 3, 4, 0, 0, .. Vector([.. Vector([0, .. Vector(Encoding.ASCII.GetBytes(name))])])];
        byte[] body = [3, 3, .. new byte[32], 0, .. Vector([0x13, 0x01]), 1, 0, .. Vector(extensions)];
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, body.Length);
        return [1, .. length[1..], .. body];
    }

    private static byte[] Vector(byte[] bytes) => [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
}
