using Ampx.Core.Api;
using Ampx.Core.Tasks;

namespace Ampx.Cli.Output;

/// <summary>Follows one task on stderr until it ends: a line that is painted over on a terminal, a line a change elsewhere.</summary>
internal sealed class WaitView(Terminal terminal, TaskWatch watch, TimeProvider clock)
{
    private static readonly string[] Spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(120);

    private readonly Pace _pace = new(clock);
    private string? _lost, _line;
    private int _frame;

    /// <summary>The task as it ended.</summary>
    public async Task<TaskView> Until(string id, CancellationToken cancel)
    {
        // On a terminal it is told in the line that is painted over.
        if (terminal.CanRedrawTalk) watch.Lost = why => _lost = why;
        TaskView? task = null;
        await using var changes = watch.One(id, cancel).GetAsyncEnumerator(cancel);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task? lines = null;
        try
        {
            while (true)
            {
                var next = changes.MoveNextAsync().AsTask();
                while (terminal.CanRedrawTalk && task is not null && !next.IsCompleted)
                {
                    Paint(task);
                    await Task.WhenAny(next, Task.Delay(Frame, clock, CancellationToken.None));
                }

                if (!await next) return task!;
                if (!terminal.CanRedrawTalk && changes.Current.Summary != task?.Summary) Terminal.Say(Line(changes.Current));
                task = changes.Current;
                if (terminal.CanRedrawTalk) lines ??= Lines(task.Id, reading.Token);
            }
        }
        finally
        {
            await reading.CancelAsync();
            if (lines is not null) await lines;
            if (terminal.CanRedrawTalk) Console.Error.Write("\r\e[2K");
        }
    }

    /// <summary>How it ended, in one line: <c>success  K3F9QZ  CI is green after 2 attempts</c>.</summary>
    public static string Ending(TaskView task, bool colour)
    {
        var link = Words.Link(task) is { } url ? $"\n        {Plain.Line(url)}" : "";
        return $"{Terminal.Paint(Words.Of(task), Words.Code(task.Status), colour)}  {Words.Short(task.Id)}  {Plain.Line(task.Summary)}{link}";
    }

    private string Line(TaskView task) => $"{clock.GetLocalNow():HH:mm:ss}  {Words.Short(task.Id)}  {Words.Of(task)}: {Plain.Line(task.Summary)}";

    /// <summary>The log's last line is talk: without it the task is waited for all the same.</summary>
    private async Task Lines(string id, CancellationToken cancel)
    {
        try
        {
            await watch.Lines(id, entry => _line = entry.Text.Trim() is { Length: > 0 } text ? text : _line, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
        }
        catch (CliError gone)
        {
            _line = gone.Message;
        }
    }

    private void Paint(TaskView task)
    {
        var spin = Spinner[_frame++ % Spinner.Length];
        var progress = _lost is null ? task.Progress : null;
        var place = progress is null ? Words.Placed(task) : task.Phase is Phase.Preparing ? "cloning" : "CI";
        var where = Where(task, progress is not null, clock.GetUtcNow());
        var room = Math.Max(8, Terminal.Width - place.Length - where.Length - 15);
        var words = progress is null ? Plain.Cut(_lost ?? _line ?? task.Summary, room) : _pace.Line(progress, room, terminal.ColourTalk);
        Console.Error.Write($"\r\e[2K{spin} {Words.Short(task.Id)} {Terminal.Paint(place, Words.Code(task.Status), terminal.ColourTalk)} {where} · {words}");
    }

    /// <summary>Phase, attempt and time so far: <c>agent · 2/3 · 4m 10s</c>. What is counted is the phase itself, and its bar wants the room.</summary>
    private static string Where(TaskView task, bool isCounted, DateTimeOffset now) =>
        $"{(isCounted ? "" : $"{Words.Phase(task.Phase)} · ")}{task.Attempts}/{task.MaxAttempts} · {Times.Span(now - task.CreatedAt)}";

    /// <summary>What <c>--wait</c> exits with.</summary>
    public static int Exit(TaskView task) => task.Status is Status.Success ? ExitCode.Done : ExitCode.Failed;
}
