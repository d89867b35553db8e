using System.Globalization;
using System.Text;
using Ampx.Chaos.Checks;

namespace Ampx.Chaos;

/// <summary>What came of it: figures for people, differences for the exit code.</summary>
internal sealed record Report(Figures Figures, IReadOnlyList<string> Differences)
{
    public string Table()
    {
        var rows = Figures.Rows().ToList();
        var wide = rows.Max(row => row.Name.Length);
        var text = new StringBuilder().AppendLine();
        foreach (var (name, value) in rows) text.AppendLine(CultureInfo.InvariantCulture, $"  {name.PadRight(wide)}  {value}");
        return text.ToString();
    }
}
