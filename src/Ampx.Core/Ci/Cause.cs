using System.Text.RegularExpressions;

namespace Ampx.Core.Ci;

/// <summary>Finds the one line that says best why: "adds: expected 4 but was 3". The first of the strongest wins.</summary>
internal sealed partial class Cause
{
    private const int Longest = 240;
    private string? _test, _says, _saysTest;
    private int _weight;
    private int _valuesFor;
    private int _nameFor;
    private bool _goesOn;
    private readonly List<string> _values = [];

    /// <summary>The line; null if nothing looked like an error.</summary>
    public string? Line
    {
        get
        {
            if (_says is null) return _saysTest is null ? null : Cut($"{_saysTest} failed");
            var says = _values.Count > 0 && !_says.Contains("but was", StringComparison.OrdinalIgnoreCase)
                ? $"{_says.TrimEnd(':', '.')} ({string.Join(", ", _values)})"
                : _says;
            return Cut(_saysTest is null || says.Contains(_saysTest, StringComparison.Ordinal) ? says : $"{_saysTest}: {says}");
        }
    }

    /// <summary>How sure it is.</summary>
    public int Weight => _weight;

    /// <summary>One more cleaned line and what it says.</summary>
    public void Push(ReadOnlySpan<char> line, Sign sign)
    {
        if (_goesOn && line.Length > 0)
        {
            _goesOn = false;
            _says = $"{_says} {OneSpace(line)}";
            return;
        }

        if (_valuesFor > 0)
        {
            _valuesFor--;
            if (_values.Count < 2 && ErrorLines.IsValue(line))
            {
                _values.Add(OneSpace(ErrorLines.Bare(line)));
                return;
            }
        }

        if (sign.Test is { } test && sign.Says is null)
        {
            _test = test;
            _nameFor = 30;
            // A runner may name the test after its message: go does so, and pytest's summary.
            if (_says is not null && _saysTest is null && _weight >= 98 && line.Contains("FAIL", StringComparison.Ordinal) && _nameFor > 0) _saysTest = test;
            if (_says is null) _saysTest ??= test;
            return;
        }

        if (_nameFor > 0) _nameFor--;
        if (sign.Says is not { } says || sign.Weight <= _weight || IsEmpty(says)) return;
        (_weight, _says) = (sign.Weight, OneSpace(says));
        _saysTest = sign.Test ?? (_nameFor > 0 || sign.Weight >= 97 ? _test : null);
        _goesOn = _says.EndsWith("equal:", StringComparison.Ordinal);
        _values.Clear();
        _valuesFor = 10;
    }

    /// <summary>A bare exit code tells nothing.</summary>
    private static bool IsEmpty(string says) => says.StartsWith("Process completed with", StringComparison.Ordinal) || says.AsSpan().Trim(" :.-=").IsEmpty;

    private static string Cut(string text) => LogText.Cut(text, Longest);

    private static string OneSpace(ReadOnlySpan<char> text) => Spaces().Replace(text.Trim().ToString(), " ");

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
