using Ampx.Core.Api;

namespace Ampx.Cli.Output;

/// <summary>Doctor's lines: a sign, a word, the name, what was found, and below it how to mend it.</summary>
/// <param name="colour">The signs have one.</param>
/// <param name="width">Columns to wrap at; null: each detail stays on its line, for programs.</param>
internal sealed class DoctorPage(bool colour, int? width)
{
    private const int NameColumn = 9;

    public IEnumerable<string> Lines(string title, IReadOnlyList<DoctorCheck> checks)
    {
        yield return Terminal.Paint(title, "1", colour);
        var names = checks.Count == 0 ? 0 : Math.Min(checks.Max(check => check.Name.Length), 22);
        var indent = new string(' ', NameColumn + names + 2);
        foreach (var check in checks)
        {
            var (sign, code) = check.Ok ? ("✓ ok  ", "32") : check.Needed ? ("✗ fail", "31") : ("! warn", "33");
            var first = true;
            foreach (var line in Wrap(Plain.Line(check.Detail), indent.Length))
            {
                yield return first ? $"{Terminal.Paint(sign, code, colour)}   {Plain.Line(check.Name).PadRight(names)}  {line}" : indent + line;
                first = false;
            }

            if (check.Fix is null) continue;
            first = true;
            foreach (var line in Wrap(Plain.Line(check.Fix), indent.Length + 2))
            {
                yield return $"{indent}{(first ? "→ " : "  ")}{line}";
                first = false;
            }
        }
    }

    /// <summary>All lines in one sentence.</summary>
    public static string Sum(IReadOnlyList<DoctorCheck> checks)
    {
        var (missing, smaller) = (checks.Count(check => check is { Ok: false, Needed: true }), checks.Count(check => check is { Ok: false, Needed: false }));
        var rest = smaller switch { 0 => "", 1 => "; 1 warning", _ => $"; {smaller} warnings" };
        return missing switch
        {
            0 => $"Nothing that is needed is missing{rest}.",
            1 => $"1 thing that is needed is missing{rest}.",
            _ => $"{missing} things that are needed are missing{rest}.",
        };
    }

    private IEnumerable<string> Wrap(string text, int indent) => Plain.Wrap(text, width is { } columns ? Math.Max(columns - indent, 20) : int.MaxValue);
}
