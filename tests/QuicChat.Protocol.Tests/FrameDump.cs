using System.Globalization;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace QuicChat.Protocol.Tests;

/// <summary>Explains the bytes of a frame, field by field.</summary>
internal static class FrameDump
{
    private const int BytesWidth = 46;

    public static string Explain(byte[] frame, MessageDescriptor type)
    {
        var text = new StringBuilder();
        var input = new CodedInputStream(frame);
        var length = input.ReadLength();
        Line(text, 0, frame.AsSpan(0, (int)input.Position), $"length {length.ToString(CultureInfo.InvariantCulture)}");
        Explain(text, frame, (int)input.Position, frame.Length, type, 0);
        return text.ToString();
    }

    private static void Explain(StringBuilder text, byte[] bytes, int start, int end, MessageDescriptor type, int depth)
    {
        while (start < end)
        {
            var input = new CodedInputStream(bytes, start, end - start);
            var field = type.FindFieldByNumber(WireFormat.GetTagFieldNumber(input.ReadTag()));
            if (field.FieldType == FieldType.Message)
            {
                var length = input.ReadLength();
                var at = (int)input.Position;
                Line(text, depth, bytes.AsSpan(start, at - start), $"{field.Name}, {length} bytes");
                Explain(text, bytes, at, at + length, field.MessageType, depth + 1);
                start = at + length;
            }
            else
            {
                var value = field.FieldType switch
                {
                    FieldType.String => $"\"{input.ReadString()}\"",
                    FieldType.Bytes => $"{input.ReadBytes().Length} bytes",
                    FieldType.Bool => input.ReadBool() ? "true" : "false",
                    _ => input.ReadInt64().ToString(CultureInfo.InvariantCulture),
                };
                var at = (int)input.Position;
                Line(text, depth, bytes.AsSpan(start, at - start), $"{field.Name} = {value}");
                start = at;
            }
        }
    }

    // Long fields go over several lines; what they mean stands on the first.
    private static void Line(StringBuilder text, int depth, ReadOnlySpan<byte> bytes, string meaning)
    {
        var indent = new string(' ', 2 * depth);
        for (var i = 0; i < bytes.Length; i += 12)
        {
            var hex = string.Join(' ', bytes[i..Math.Min(i + 12, bytes.Length)].ToArray().Select(value => value.ToString("x2", CultureInfo.InvariantCulture)));
            text.Append($"  {indent}{hex}".PadRight(BytesWidth)).Append(i == 0 ? meaning : "");
            while (text[^1] == ' ')
            {
                text.Length--;
            }

            text.Append('\n');
        }
    }
}
