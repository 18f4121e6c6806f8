using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using QuicChat.Abstractions.Rooms;

namespace QuicChat.Grains.Rooms;

/// <summary>
/// An entry as bytes: its offset in decimal, which the append script compares, a blank, and the rest as JSON, which an operator can read.
/// </summary>
internal static class RoomLogCodec
{
    // The text is stored, not put into a web page.
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Encode(RoomLogEntry entry)
    {
        var message = entry.Message;
        var buffer = new ArrayBufferWriter<byte>(192 + message.Body.Length);
        Utf8Formatter.TryFormat(message.Offset, buffer.GetSpan(20), out var written);
        buffer.Advance(written);
        buffer.Write(" "u8);
        using var json = new Utf8JsonWriter(buffer, Compact);
        json.WriteStartObject();
        json.WriteString("epoch"u8, entry.Epoch);
        json.WriteString("user"u8, message.UserId);
        json.WriteString("name"u8, message.UserName);
        json.WriteString("client"u8, message.ClientId);
        json.WriteNumber("seq"u8, message.ClientSeq);
        json.WriteNumber("term"u8, entry.Term);
        json.WriteNumber("ms"u8, message.SentAt.ToUnixTimeMilliseconds());
        json.WriteString("body"u8, message.Body);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <exception cref="FormatException">The bytes are no entry.</exception>
    public static RoomLogEntry Decode(ReadOnlySpan<byte> bytes)
    {
        if (!Utf8Parser.TryParse(bytes, out long offset, out var length) || length == bytes.Length)
        {
            throw new FormatException("An entry of a room log does not begin with its offset.");
        }

        string? epoch = null, user = null, name = null, client = null, body = null;
        long seq = 0, term = 0, ms = 0;
        try
        {
            var json = new Utf8JsonReader(bytes[(length + 1)..]);
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var property = json.GetString();
                json.Read();
                switch (property)
                {
                    case "epoch": epoch = json.GetString(); break;
                    case "user": user = json.GetString(); break;
                    case "name": name = json.GetString(); break;
                    case "client": client = json.GetString(); break;
                    case "seq": seq = json.GetInt64(); break;
                    case "term": term = json.GetInt64(); break;
                    case "ms": ms = json.GetInt64(); break;
                    case "body": body = json.GetString(); break;
                    // A later version's; an older silo reads on.
                    default: json.Skip(); break;
                }
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw Malformed(offset, error);
        }

        return epoch is null || user is null || name is null || client is null || body is null
            ? throw Malformed(offset, null)
            : new RoomLogEntry(
                epoch, new RoomMessage(offset, user, name, client, seq, DateTimeOffset.FromUnixTimeMilliseconds(ms), body), term);
    }

    private static FormatException Malformed(long offset, Exception? cause)
        => new(string.Create(CultureInfo.InvariantCulture, $"Entry {offset} of a room log is malformed."), cause);
}
