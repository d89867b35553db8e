using Ampx.Core.Logs;

namespace Ampx.Cli.Output;

/// <summary>Log lines on stdout: time, source, text; where an attempt begins, a line says so on a terminal.</summary>
internal sealed class LogLines(Terminal terminal)
{
    private int _attempt;

    public void Write(LogEntry entry)
    {
        if (terminal.JsonOnly)
        {
            Terminal.JsonLine(entry, CliJson.Compact.LogEntry);
            return;
        }

        if (terminal.IsScreen && entry.Attempt > _attempt && entry.Attempt > 0)
        {
            Terminal.Line(Terminal.Paint($"── attempt {entry.Attempt} ──", "1", terminal.Colour));
            _attempt = entry.Attempt;
        }

        var text = Plain.Line(entry.Text);
        if (entry.Stream == "err") text = Terminal.Paint(text, "33", terminal.Colour);
        Terminal.Line($"{Terminal.Paint($"{entry.Time.ToLocalTime():HH:mm:ss}", "2", terminal.Colour)} {Terminal.Paint(entry.Source.PadRight(6), Colour(entry.Source), terminal.Colour)} {text}");
    }

    private static string Colour(string source) => source switch { "agent" => "36", "git" => "34", "ci" => "35", _ => "2" };
}
