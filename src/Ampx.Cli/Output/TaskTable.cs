using Ampx.Core.Api;
using Spectre.Console;

namespace Ampx.Cli.Output;

/// <summary>Tasks, a line each.</summary>
internal static class TaskTable
{
    /// <summary>For a terminal: as wide as it is, the instruction cut to fit.</summary>
    public static Table For(IReadOnlyList<TaskView> tasks, bool owners, DateTimeOffset now, int width)
    {
        var table = new Table().Border(TableBorder.None);
        foreach (var head in Heads(owners)) table.AddColumn(new TableColumn($"[bold]{head}[/]").NoWrap().PadLeft(0).PadRight(2));
        // What the narrow columns, each two spaces from the next, leave over is for words.
        var plain = tasks.Select(task => Cells(task, owners, now)).Append(Heads(owners)).ToList();
        var repo = Math.Min(Math.Clamp(width / 5, 8, 30), plain.Max(row => row[^3].Length));
        var narrow = Enumerable.Range(0, plain[0].Length - 1).Sum(at => 2 + (at == plain[0].Length - 3 ? repo : Math.Min(12, plain.Max(row => row[at].Length))));
        var rest = Math.Max(12, width - narrow - 2);
        foreach (var task in tasks)
        {
            var cells = Cells(task, owners, now);
            cells[1] = $"[{Words.Colour(task.Status)}]{cells[1]}[/]";
            var at = owners ? 1 : 0;
            if (owners) cells[2] = Markup.Escape(Plain.Cut(cells[2], 10));
            cells[3 + at] = Markup.Escape(Plain.Cut(cells[3 + at], repo));
            cells[5 + at] = Markup.Escape(Plain.Cut(Worth(task, rest), rest));
            table.AddRow(cells);
        }

        return table;
    }

    /// <summary>For a pipe: columns of two spaces apart, nothing cut.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<TaskView> tasks, bool owners, DateTimeOffset now)
    {
        List<string[]> rows = [Heads(owners), .. tasks.Select(task => Cells(task, owners, now))];
        var widths = Enumerable.Range(0, rows[0].Length).Select(at => rows.Max(row => row[at].Length)).ToArray();
        return rows.Select(row => string.Join("  ", row.Select((cell, at) => cell.PadRight(widths[at]))).TrimEnd());
    }

    private static string[] Heads(bool owners) =>
        owners ? ["ID", "STATUS", "OWNER", "TRY", "REPO", "AGE", "TASK"] : ["ID", "STATUS", "TRY", "REPO", "AGE", "TASK"];

    private static string[] Cells(TaskView task, bool owners, DateTimeOffset now)
    {
        string[] first = [Words.Short(task.Id), Words.Placed(task)];
        string[] rest = [$"{task.Attempts}/{task.MaxAttempts}", Plain.Line(Words.Repo(task.Repo)), Times.Age(task.CreatedAt, now), Plain.Cut(task.Prompt, int.MaxValue)];
        return owners ? [.. first, Plain.Line(task.Owner), .. rest] : [.. first, .. rest];
    }

    // A task at work says where it stands, as far as there is room beside the instruction.
    private static string Worth(TaskView task, int room)
    {
        if (room < 50 || (Words.HasEnded(task) && task.Error is null)) return task.Prompt;
        return $"{Plain.Cut(task.Prompt, Math.Max(20, room - task.Summary.Length - 3))} · {task.Summary}";
    }
}
