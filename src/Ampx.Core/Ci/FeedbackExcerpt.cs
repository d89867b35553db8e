namespace Ampx.Core.Ci;

/// <summary>
/// Reads a CI job's log line by line and keeps what the next run should see of it. Memory is bounded by the budget, whatever the log's length.
/// A log holds all steps of a job one after the other: kept is the one that failed, told by GitHub's <c>##[error]</c> and by the failed step's time.
/// </summary>
/// <param name="budget">Characters that will be asked for at most.</param>
/// <param name="from">When the failed step began, if known.</param>
/// <param name="to">When it ended.</param>
public sealed class FeedbackExcerpt(int budget, DateTimeOffset? from = null, DateTimeOffset? to = null)
{
    private const string StepHeader = "##[group]Run ";

    /// <summary>Lines of a private key; one that was cut off must not hide the rest of the log.</summary>
    private const int LongestKey = 120;

    private readonly char[] _room = new char[LogLines.Limit];
    private Segment _current = new(budget);
    private Segment? _best;
    private int _inKey;

    /// <summary>Lines seen, of all steps.</summary>
    public long LinesSeen { get; private set; }

    /// <summary>The failed step's command as its log shows it; null if the log doesn't.</summary>
    public string? Command => Best.Command;

    /// <summary>Why it failed, in one line; null if no line looks like an error.</summary>
    public string? Cause => Best.Cause.Line;

    /// <summary>Nothing was read.</summary>
    public bool IsEmpty => LinesSeen == 0;

    private Segment Best => Better(_best, _current);

    /// <summary>One more raw line: timestamp and colours are taken off here. What is longer than <see cref="LogLines.Limit"/> is cut.</summary>
    public void Push(ReadOnlySpan<char> line)
    {
        LinesSeen++;
        if (line.Length > LogLines.Limit) line = line[..LogLines.Limit];
        var text = LogText.Clean(line, _room);
        if (IsKey(text)) text = Redaction.Mask;
        if (text.StartsWith(StepHeader, StringComparison.Ordinal) || text is "Post job cleanup.")
        {
            _best = Better(_best, _current);
            _current = new Segment(budget);
            _current.InTime = InTime(line);
            _current.Begin(text);
            return;
        }

        if (text.StartsWith("##[error]", StringComparison.Ordinal)) _current.InTime |= InTime(line);
        _current.Push(text);
    }

    /// <summary>Reads all lines.</summary>
    public async Task Read(IAsyncEnumerable<string> lines, CancellationToken cancel = default)
    {
        await foreach (var line in lines.WithCancellation(cancel)) Push(line);
    }

    /// <summary>Reads all of <paramref name="log"/>, as a stream.</summary>
    /// <returns>Bytes read.</returns>
    public Task<long> Read(Stream log, CancellationToken cancel = default) => LogLines.Read(log, Push, cancel);

    /// <summary>The excerpt, at most <paramref name="chars"/> characters, without secrets.</summary>
    public string Render(int chars, Redaction? redaction = null) => Best.Lines.Render(chars, redaction ?? Redaction.WellKnown);

    /// <summary>Inside a private key: a line of it alone doesn't look like a secret.</summary>
    private bool IsKey(ReadOnlySpan<char> text)
    {
        if (_inKey > 0)
        {
            _inKey = text.Contains("-----END", StringComparison.Ordinal) ? 0 : _inKey - 1;
            return true;
        }

        if (text.IndexOf("-----BEGIN", StringComparison.Ordinal) is var begin and >= 0 && text[begin..] is var key && key.Contains("PRIVATE KEY-----", StringComparison.Ordinal) && !key.Contains("-----END", StringComparison.Ordinal))
            _inKey = LongestKey;
        return false;
    }

    private bool InTime(ReadOnlySpan<char> line) =>
        from is { } begin && LogText.Time(line) is { } at && at >= begin.AddSeconds(-1) && (to is not { } end || at <= end.AddSeconds(1));

    /// <summary>The earliest step that GitHub calls failed; without one, the latest that looks so.</summary>
    private static Segment Better(Segment? a, Segment b)
    {
        if (a is null || a.Lines.Count == 0) return b;
        if (a.Score != b.Score) return a.Score > b.Score ? a : b;
        return a.Lines.ToldByGitHub || b.Lines.Count == 0 ? a : b;
    }

    /// <summary>One step of the job.</summary>
    private sealed class Segment(int budget)
    {
        private bool _inHeader;
        private List<string>? _command;

        public ExcerptLines Lines { get; } = new(budget);
        public Cause Cause { get; } = new();
        public bool InTime { get; set; }
        public string? Command => _command is null ? null : string.Join('\n', _command);
        public int Score => (Lines.ToldByGitHub ? 4 : 0) + (InTime ? 2 : 0) + (Lines.Errors > 0 ? 1 : 0);

        public void Begin(ReadOnlySpan<char> header)
        {
            _inHeader = header.StartsWith(StepHeader, StringComparison.Ordinal);
            if (_inHeader) _command = [header[StepHeader.Length..].Trim().ToString()];
        }

        public void Push(ReadOnlySpan<char> text)
        {
            if (_inHeader)
            {
                InHeader(text);
                return;
            }

            if (text.StartsWith("##[endgroup]", StringComparison.Ordinal)) return;
            if (text.StartsWith("##[group]", StringComparison.Ordinal)) text = text["##[group]".Length..];
            var sign = ErrorLines.Read(text, Cause.Weight);
            Lines.Push(text, sign);
            Cause.Push(text, sign);
        }

        /// <summary>The group that opens a step repeats the command, in full, then names shell and environment.</summary>
        private void InHeader(ReadOnlySpan<char> text)
        {
            if (text.StartsWith("##[endgroup]", StringComparison.Ordinal)) _inHeader = false;
            else if (text.StartsWith("shell: ", StringComparison.Ordinal) || text is "env:" or "with:") _command!.Add("");
            else if (_command is [.., not ""] && _command.Count < 12 && !(_command.Count == 1 && text.Trim() is var line && line.SequenceEqual(_command[0]))) _command.Add(text.ToString());
            if (!_inHeader) _command!.RemoveAll(line => line.Length == 0);
        }
    }
}
