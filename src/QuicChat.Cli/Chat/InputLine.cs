using System.Text;

namespace QuicChat.Cli.Chat;

/// <summary>The line that a user is typing: its text, the cursor, and the lines sent before.</summary>
internal sealed class InputLine
{
    private const int KeptLines = 100;

    private readonly StringBuilder _text = new();
    private readonly List<string> _earlier = [];
    private int _cursor;
    private int _shown;

    /// <summary>What has been typed.</summary>
    public string Text => _text.ToString();

    /// <summary>Where the next character goes.</summary>
    public int Cursor => _cursor;

    /// <summary>Takes a key.</summary>
    /// <returns>The line, where the key has finished one; the next line is then empty.</returns>
    public string? Press(ConsoleKeyInfo key)
    {
        var control = key.Modifiers.HasFlag(ConsoleModifiers.Control);
        switch (key.Key)
        {
            case ConsoleKey.Enter:
                return Finish();
            case ConsoleKey.Backspace:
                Remove(Before(_cursor), _cursor);
                break;
            case ConsoleKey.Delete:
                Remove(_cursor, After(_cursor));
                break;
            case ConsoleKey.LeftArrow:
                _cursor = Before(_cursor);
                break;
            case ConsoleKey.RightArrow:
                _cursor = After(_cursor);
                break;
            case ConsoleKey.Home:
            case ConsoleKey.A when control:
                _cursor = 0;
                break;
            case ConsoleKey.End:
            case ConsoleKey.E when control:
                _cursor = _text.Length;
                break;
            case ConsoleKey.U when control:
                Remove(0, _cursor);
                break;
            case ConsoleKey.K when control:
                Remove(_cursor, _text.Length);
                break;
            case ConsoleKey.W when control:
                Remove(WordBefore(), _cursor);
                break;
            case ConsoleKey.UpArrow:
                Recall(_shown - 1);
                break;
            case ConsoleKey.DownArrow:
                Recall(_shown + 1);
                break;
            case var _ when !char.IsControl(key.KeyChar):
                _text.Insert(_cursor++, key.KeyChar);
                break;
        }

        return null;
    }

    /// <summary>The part of the line that fits, with the cursor within.</summary>
    /// <param name="columns">The columns of the terminal that it may take.</param>
    /// <returns>What to write, and how many columns of it are behind the cursor.</returns>
    public (string Visible, int ColumnsBehindCursor) Fit(int columns)
    {
        var start = 0;
        while (TerminalText.Width(_text.ToString(start, _cursor - start)) > columns)
        {
            start = After(start);
        }

        var end = _text.Length;
        while (end > _cursor && TerminalText.Width(_text.ToString(start, end - start)) > columns)
        {
            end = Before(end);
        }

        return (_text.ToString(start, end - start), TerminalText.Width(_text.ToString(_cursor, end - _cursor)));
    }

    private string Finish()
    {
        var line = Text;
        _text.Clear();
        _cursor = 0;
        if (line.Length > 0 && (_earlier.Count == 0 || _earlier[^1] != line))
        {
            _earlier.Add(line);
            if (_earlier.Count > KeptLines)
            {
                _earlier.RemoveAt(0);
            }
        }

        _shown = _earlier.Count;
        return line;
    }

    private void Recall(int number)
    {
        if (number < 0 || number > _earlier.Count)
        {
            return;
        }

        _shown = number;
        _text.Clear().Append(number < _earlier.Count ? _earlier[number] : "");
        _cursor = _text.Length;
    }

    private void Remove(int from, int to)
    {
        _text.Remove(from, to - from);
        _cursor = from;
    }

    private int WordBefore()
    {
        var at = _cursor;
        while (at > 0 && _text[at - 1] == ' ')
        {
            at--;
        }

        while (at > 0 && _text[at - 1] != ' ')
        {
            at--;
        }

        return at;
    }

    // Characters outside the first plane of Unicode, such as most pictures, are two units long.
    private int Before(int at) => at <= 0 ? 0 : at > 1 && char.IsSurrogatePair(_text[at - 2], _text[at - 1]) ? at - 2 : at - 1;

    private int After(int at)
        => at >= _text.Length ? at : at + 1 < _text.Length && char.IsSurrogatePair(_text[at], _text[at + 1]) ? at + 2 : at + 1;
}
