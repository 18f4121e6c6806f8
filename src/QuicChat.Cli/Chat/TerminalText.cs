using System.Globalization;
using System.Text;
using Spectre.Console.Rendering;

namespace QuicChat.Cli.Chat;

/// <summary>Text of others on a terminal.</summary>
internal static class TerminalText
{
    /// <summary>
    /// Makes a text harmless on a terminal and one line long: what would move the cursor, change colours, break the line or turn the
    /// direction of writing round becomes visible.
    /// </summary>
    public static string Harmless(string text)
    {
        if (!text.Any(IsHarmful))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            clean.Append(character switch
            {
                '\n' => '↵',
                '\t' => ' ',
                _ when IsHarmful(character) => '·',
                _ => character,
            });
        }

        return clean.ToString();
    }

    /// <summary>How many columns a text takes.</summary>
    public static int Width(string text) => text.Length == 0 ? 0 : new Segment(text).CellCount();

    private static bool IsHarmful(char character)
        => char.IsControl(character)
            || CharUnicodeInfo.GetUnicodeCategory(character) is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            // The marks of bidirectional text (Unicode Standard Annex 9) can make a line read as another one.
            || character is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');
}
