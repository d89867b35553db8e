using Ampx.Core.Api;
using Spectre.Console;

namespace Ampx.Cli.Output;

/// <summary>Tasks, a line each.</summary>
internal static class TaskTable
{
    /// <summary>What words need beside the other columns before one of these goes.</summary>
    private const int LeastWords = 20;

    /// <summary>A column; <paramref name="Most"/> columns of the terminal at most. Where it is narrow, those with the highest <paramref name="Goes"/> go first; 0 never.</summary>
    private sealed record Column(string Head, int Most, int Goes, Func<TaskView, string> Cell);

    /// <summary>For a terminal: as wide as it is. The instruction is cut to fit; where that isn't enough, whole columns go.</summary>
    public static Table For(IReadOnlyList<TaskView> tasks, bool owners, DateTimeOffset now, int width, bool colour)
    {
        var columns = Columns(owners, now, Math.Clamp(width / 5, 8, 30));
        while (Rest() < LeastWords && columns.Where(column => column.Goes > 0).MaxBy(column => column.Goes) is { } least) columns.Remove(least);
        var rest = Math.Max(Rest(), 8);
        var table = new Table().Border(TableBorder.None);
        foreach (var column in columns) table.AddColumn(new TableColumn(Head(column.Head)).NoWrap().PadLeft(0).PadRight(2));
        table.AddColumn(new TableColumn(Head("TASK")).NoWrap().PadLeft(0).PadRight(0));
        foreach (var task in tasks)
        {
            var cells = columns.Select(column => Markup.Escape(Plain.Cut(column.Cell(task), column.Most))).ToList();
            cells[1] = $"[{Words.Colour(task.Status)}]{cells[1]}[/]";
            table.AddRow([.. cells, Markup.Escape(Plain.Cut(Worth(task, rest), rest))]);
        }

        return table;

        string Head(string word) => colour ? $"[bold]{word}[/]" : word;

        // Each column stands two spaces from the next.
        int Rest() => width - columns.Sum(column => 2 + Math.Min(column.Most, tasks.Select(column.Cell).Append(column.Head).Max(Plain.Width)));
    }

    /// <summary>For a pipe: columns of two spaces apart, nothing cut.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<TaskView> tasks, bool owners, DateTimeOffset now)
    {
        var columns = Columns(owners, now, int.MaxValue);
        columns.Add(new("TASK", int.MaxValue, 0, task => Plain.Cut(task.Prompt, int.MaxValue)));
        return Plain.Columns([[.. columns.Select(column => column.Head)], .. tasks.Select(task => columns.Select(column => column.Cell(task)).ToArray())]);
    }

    private static List<Column> Columns(bool owners, DateTimeOffset now, int repo)
    {
        List<Column> columns = [new("ID", 6, 0, task => Words.Short(task.Id)), new("STATUS", 14, 0, Words.Placed)];
        if (owners) columns.Add(new("OWNER", Math.Max(10, repo / 2), 2, task => Plain.Line(task.Owner)));
        return [.. columns, new("TRY", 5, 3, task => $"{task.Attempts}/{task.MaxAttempts}"), new("REPO", repo, 1, task => Plain.Line(Words.Repo(task.Repo))), new("AGE", 4, 4, task => Times.Age(task.CreatedAt, now))];
    }

    // A task at work says where it stands, as far as there is room beside the instruction.
    private static string Worth(TaskView task, int room)
    {
        if (room < 50 || (Words.HasEnded(task) && task.Error is null)) return task.Prompt;
        return $"{Plain.Cut(task.Prompt, Math.Max(20, room - Plain.Width(task.Summary) - 3))} · {task.Summary}";
    }
}
