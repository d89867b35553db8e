using System.Globalization;
using System.Text;

namespace Ampx.Tests.Cli;

/// <summary>What a person sees: a terminal's text after all escape sequences have had their effect. Colours stand before and behind their words, like <c>{32}success{/}</c>.</summary>
internal sealed class Screen
{
    private readonly int _columns;
    private readonly List<List<(string Letter, string Style)>> _lines = [[]];
    private int _row, _column;
    private string _style = "";

    private Screen(int columns) => _columns = columns;

    /// <summary>The cursor can be seen: a program that hid it has shown it again.</summary>
    public bool CursorShown { get; private set; } = true;

    /// <summary>The widest line, in columns.</summary>
    public int Widest => _lines.Max(line => line.FindLastIndex(cell => cell.Letter != " ") + 1);

    public static Screen Of(string output, int columns = 80)
    {
        var screen = new Screen(columns);
        for (var at = 0; at < output.Length;)
        {
            if (output[at] == '\e') at = screen.Sequence(output, at + 1);
            else
            {
                var letter = StringInfo.GetNextTextElement(output, at);
                // CR LF is one text element.
                if (letter == "\r\n") letter = "\r";
                screen.Letter(letter);
                at += letter.Length;
            }
        }

        return screen;
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var line in _lines)
        {
            var style = "";
            var end = line.FindLastIndex(cell => cell.Letter != " " || cell.Style.Length > 0) + 1;
            foreach (var (letter, its) in line.Take(end))
            {
                if (its != style) text.Append(style.Length > 0 ? "{/}" : "").Append(its.Length > 0 ? $"{{{its}}}" : "");
                style = its;
                text.Append(letter);
            }

            text.Append(style.Length > 0 ? "{/}" : "").Append('\n');
        }

        return text.ToString().TrimEnd('\n') + "\n";
    }

    private void Letter(string letter)
    {
        switch (letter)
        {
            case "\n": Down(); return;
            case "\r": _column = 0; return;
            case "\b": _column = Math.Max(0, _column - 1); return;
            case "\a": return;
        }

        if (_column >= _columns)
        {
            _column = 0;
            Down();
        }

        var line = _lines[_row];
        while (line.Count <= _column) line.Add((" ", ""));
        line[_column++] = (letter, _style);
    }

    private void Down()
    {
        _row++;
        while (_lines.Count <= _row) _lines.Add([]);
    }

    /// <summary>Where the sequence that begins behind <paramref name="at"/> ends.</summary>
    private int Sequence(string output, int at)
    {
        if (at >= output.Length || output[at] != '[') return at + 1;
        var end = at + 1;
        while (output[end] is < '@' or > '~') end++;
        var given = output[(at + 1)..end];
        var number = int.TryParse(given.Split(';')[0], out var parsed) ? parsed : 0;
        switch (output[end])
        {
            case 'm': _style = given is "" or "0" ? "" : _style.Length > 0 ? $"{_style};{given}" : given; break;
            case 'A': _row = Math.Max(0, _row - Math.Max(1, number)); break;
            case 'B': for (var i = 0; i < Math.Max(1, number); i++) Down(); break;
            case 'C': _column += Math.Max(1, number); break;
            case 'D': _column = Math.Max(0, _column - Math.Max(1, number)); break;
            case 'G': _column = Math.Max(0, number - 1); break;
            case 'K' when number == 2: _lines[_row].Clear(); break;
            case 'K' when number == 0: Keep(_lines[_row], _column); break;
            case 'J' when number == 0:
                Keep(_lines[_row], _column);
                if (_row + 1 < _lines.Count) _lines.RemoveRange(_row + 1, _lines.Count - _row - 1);
                break;
            case 'h' when given == "?25": CursorShown = true; break;
            case 'l' when given == "?25": CursorShown = false; break;
            case 'h' or 'l': break;
            default: throw new NotSupportedException($"the escape sequence [{given}{output[end]}");
        }

        return end + 1;
    }

    private static void Keep(List<(string, string)> line, int columns)
    {
        if (line.Count > columns) line.RemoveRange(columns, line.Count - columns);
    }
}
