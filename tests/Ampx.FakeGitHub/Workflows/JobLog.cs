using System.Globalization;
using System.Text;

namespace Ampx.FakeGitHub.Workflows;

/// <summary>A job's output as GitHub hands it out: a byte order mark, then lines that begin with their time.</summary>
public sealed class JobLog
{
    private readonly Lock gate = new();
    private readonly StringBuilder text = new("\uFEFF");
    private readonly TimeProvider time;

    internal JobLog(TimeProvider time) => this.time = time;

    /// <summary>A log that says exactly this; lines without a time get one.</summary>
    internal static JobLog Of(string lines, TimeProvider time)
    {
        var log = new JobLog(time);
        foreach (var line in lines.TrimEnd('\n').Split('\n'))
        {
            if (line.Length > 28 && line[4] == '-' && line[10] == 'T' && line[27] == 'Z') log.AppendRaw(line);
            else log.Write(line);
        }

        return log;
    }

    /// <summary>Adds one line, with the time.</summary>
    public void Write(string line) =>
        AppendRaw($"{time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture)} {line}");

    /// <inheritdoc/>
    public override string ToString()
    {
        lock (gate) return text.ToString();
    }

    private void AppendRaw(string line)
    {
        lock (gate) text.Append(line).Append('\n');
    }
}
