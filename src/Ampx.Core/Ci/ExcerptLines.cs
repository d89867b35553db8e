using System.Text;

namespace Ampx.Core.Ci;

/// <summary>
/// The lines of one step's log that tell why it failed: each gets a weight, the heaviest are kept, and what is shown stands in the log's order.
/// Errors weigh most, what follows them less with each line, the head and the tail a little. Holds a few times its budget, however long the log.
/// </summary>
internal sealed class ExcerptLines(int budget)
{
    private const int ShownLine = 1000;
    private const int Before = 8;
    private const int Head = 4;

    /// <summary>A sign of this weight says what failed: a test's name, a compiler's error, an assertion.</summary>
    private const int Clear = 84;

    /// <summary>A sign up to this weight only speaks of an error.</summary>
    private const int Weak = 60;

    /// <summary>Lines below this weight are there because there is room.</summary>
    private const int Telling = 40;

    private readonly int _capacity = Math.Max(budget, 500) * 2;
    private readonly Dictionary<long, Kept> _kept = [];
    private readonly PriorityQueue<long, (int Weight, long Late)> _lightest = new();
    private readonly Queue<Kept> _tail = new();
    private readonly Stack<Kept> _spare = new();
    private readonly Kept?[] _recent = new Kept?[Before + 1];
    private Kept? _last;
    private long _keptChars, _tailChars, _next;
    private int _errors, _weak, _strongest, _after, _afterWeight, _frames;

    /// <summary>A line that begins with GitHub's <c>##[error]</c> was among them.</summary>
    public bool ToldByGitHub { get; private set; }

    /// <summary>Lines that look like errors.</summary>
    public int Errors => _errors;

    /// <summary>Lines seen.</summary>
    public long Count => _next;

    /// <summary>One more cleaned line.</summary>
    public void Push(ReadOnlySpan<char> line, Sign sign)
    {
        if (Folds(line, sign)) return;
        var index = _next++;
        var kept = _spare.TryPop(out var spare) ? spare : new Kept();
        kept.Set(index, line);
        _last = _recent[index % _recent.Length] = kept;

        var weight = index < Head ? 12 - (int)index : 0;
        if (sign.Weight > 0)
        {
            _strongest = Math.Max(_strongest, sign.Weight);
            ToldByGitHub |= line.StartsWith("##[error]", StringComparison.Ordinal);
            // The first errors count most: later ones are often their echo. Summaries and GitHub's own words don't fade; what merely speaks of errors does so soon.
            var fade = sign.Weight is 85 or 92 ? 0 : sign.Weight <= Weak ? Math.Min(_weak++, 7) * 5 : Math.Min(_errors, 15) * 2;
            weight = Math.Max(weight, Math.Max(sign.Weight - fade, 20));
            if (weight > Telling && (_after == 0 || weight > _afterWeight)) KeepBefore(weight);
            if (_after == 0) _errors++;
            (_after, _afterWeight) = sign.After >= _after ? (sign.After, weight) : (_after, _afterWeight);
        }
        else if (_after > 0)
        {
            var passing = ErrorLines.IsPassing(line);
            _after = passing ? 0 : _after - 1;
            _frames = ErrorLines.IsFrame(line) ? _frames + 1 : 0;
            if (!passing) weight = Math.Max(weight, _frames > 5 ? 10 : --_afterWeight);
        }

        if (weight > 0) Keep(kept, weight);
        _tail.Enqueue(kept);
        _tailChars += kept.Cost;
        while (_tailChars > budget && _tail.TryDequeue(out var old))
        {
            _tailChars -= old.Cost;
            // Nobody holds it any more.
            if (old.Weight == 0 && old.Index + _recent.Length <= _next) _spare.Push(old);
        }
    }

    /// <summary>What is worth reading within <paramref name="chars"/> characters; left-out lines are told in brackets.</summary>
    public string Render(int chars, Redaction redaction)
    {
        var all = new Dictionary<long, (Kept Line, int Weight)>();
        foreach (var kept in _kept.Values) all[kept.Index] = (kept, kept.Weight);
        foreach (var kept in _tail)
        {
            // The very end tells how it ended; the rest of the tail fills what is left.
            var fromEnd = (int)Math.Min(_next - 1 - kept.Index, 10_000);
            var weight = Math.Max(fromEnd < 10 && !ErrorLines.IsPassing(kept.Text) ? 60 - fromEnd : 9 - Math.Min(fromEnd / 100, 8), kept.Weight);
            all[kept.Index] = (kept, weight);
        }

        // Where it is clear what failed, the rest would only be in its way.
        var least = _strongest >= Clear ? Telling : 0;
        const int note = 26;
        var chosen = new SortedDictionary<long, Kept>();
        var left = chars - note;
        foreach (var (line, _) in all.Values.Where(entry => (entry.Line.Length > 0 || entry.Weight > Telling) && (entry.Weight >= least || entry.Line.Index < Head)).OrderByDescending(entry => entry.Weight).ThenBy(entry => entry.Line.Index))
        {
            var neighbours = (chosen.ContainsKey(line.Index - 1) ? 1 : 0) + (chosen.ContainsKey(line.Index + 1) ? 1 : 0);
            var cost = line.Shown(redaction).Length + 1 + (neighbours == 0 ? note : 0);
            if (cost > left)
            {
                if (left < 120) break;
                continue;
            }

            left -= cost;
            chosen.Add(line.Index, line);
        }

        var text = new StringBuilder();
        long expected = 0;
        foreach (var (index, line) in chosen)
        {
            if (index > expected) Gap(text, index - expected);
            text.Append(line.Shown(redaction)).Append('\n');
            expected = index + 1;
        }

        if (expected < _next && chosen.Count > 0) Gap(text, _next - expected);
        return text.ToString();
    }

    private static void Gap(StringBuilder text, long lines) => text.Append("[… ").Append(lines).Append(lines == 1 ? " line]\n" : " lines]\n");

    /// <summary>The same line again, or (progress) the same but for numbers, is only counted.</summary>
    private bool Folds(ReadOnlySpan<char> line, Sign sign)
    {
        if (_last is not { } last || line.Length == 0) return false;
        var same = line.SequenceEqual(last.Text);
        if (!same && (sign.Weight > 0 || _after > 0 || !SameShape(line, last.Text))) return false;
        last.Repeats++;
        last.Similar |= !same;
        return true;
    }

    private static bool SameShape(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        int i = 0, j = 0, digits = 0;
        while (i < a.Length && j < b.Length)
        {
            if (char.IsAsciiDigit(a[i]) && char.IsAsciiDigit(b[j]))
            {
                while (i < a.Length && (char.IsAsciiDigit(a[i]) || a[i] == '.')) i++;
                while (j < b.Length && (char.IsAsciiDigit(b[j]) || b[j] == '.')) j++;
                digits++;
            }
            else if (a[i++] != b[j++])
            {
                return false;
            }
        }

        return i == a.Length && j == b.Length && digits > 0;
    }

    private void KeepBefore(int weight)
    {
        for (var distance = Before; distance > 0; distance--)
        {
            if (_next - 1 - distance is not (var index and >= 0) || _recent[index % _recent.Length]! is not { } line || ErrorLines.IsPassing(line.Text)) continue;
            Keep(line, Math.Max(weight - 15 - (distance * 3), 5));
        }
    }

    private void Keep(Kept line, int weight)
    {
        if (weight <= line.Weight) return;
        // Full of what tells more already, as in a log of errors from end to end.
        if (_keptChars + line.Cost > _capacity && _lightest.TryPeek(out _, out var least) && least.Weight >= weight) return;
        line.Weight = weight;
        if (_kept.TryAdd(line.Index, line)) _keptChars += line.Cost;
        _lightest.Enqueue(line.Index, (weight, -line.Index));
        while (_keptChars > _capacity && _lightest.TryDequeue(out var index, out var rank))
        {
            if (!_kept.TryGetValue(index, out var old) || old.Weight != rank.Weight) continue;
            _kept.Remove(index);
            _keptChars -= old.Cost;
        }
    }

    /// <summary>One line. Used again for another when it was seen off: a log's lines pass by in the hundred thousands.</summary>
    private sealed class Kept
    {
        private char[] _chars = [];

        public long Index { get; private set; }
        public int Length { get; private set; }
        public int Weight { get; set; }
        public int Repeats { get; set; }
        public bool Similar { get; set; }

        public ReadOnlySpan<char> Text => _chars.AsSpan(0, Length);

        public int Cost => Math.Min(Length, ShownLine) + 1;

        public void Set(long index, ReadOnlySpan<char> text)
        {
            if (_chars.Length < text.Length) _chars = new char[text.Length];
            text.CopyTo(_chars);
            (Index, Length, Weight, Repeats, Similar) = (index, text.Length, 0, 0, false);
        }

        /// <summary>Secrets go before the line is cut: half of one is no longer seen as such.</summary>
        public string Shown(Redaction redaction)
        {
            var text = LogText.Cut(redaction.Apply(Text.ToString()), ShownLine);
            return Repeats == 0 ? text : $"{text}\n[… {Repeats} more {(Similar ? "like it" : "times")}]";
        }
    }
}
