using Ampx.Cli.Output;
using Ampx.Core.Api;
using Ampx.Core.Tasks;

namespace Ampx.Cli.Commands.Demo;

/// <summary>The demo as it is told: on stdout, or on stderr where stdout is for JSON.</summary>
internal sealed class DemoView(Terminal terminal, TimeProvider clock)
{
    private const int Excerpt = 6;

    /// <summary>From the queue to the merge, over one red verdict: the lines that <see cref="Show"/> prints.</summary>
    public const int Steps = 13;

    private const int BarWidth = 24;

    /// <summary>What to do after the demo.</summary>
    private static readonly (string Line, string Words)[] Next =
    [
        ("ampx up --detach", "the service, on this machine"),
        ("ampx start owner/name \"Fix the flaky login test\"", "with GITHUB_TOKEN set, and Amp signed in"),
        ("ampx start . \"…\" --ci \"make test\"", "a local repository, CI as a command"),
        ("ampx ls -w", "watch"),
    ];
    private readonly bool _colour = terminal.JsonOnly ? terminal.ColourTalk : terminal.Colour;
    private long _began = clock.GetTimestamp();
    private int _seen;
    private int _step;
    private int _told;
    private bool _painted;
    private (Phase, int) _last;

    public TaskView? Last { get; private set; }

    public void Introduce()
    {
        Line(Bold("Ampx demo: a task from an instruction to red CI, to green CI, to merged."));
        Wrapped("", "Service, git, queue, CI and retry are real. The agent is not: a small shell script stands in for it, whose first try is wrong, and which can only get it right from what CI says. No account, no network, nothing to pay.");
        Line();
    }

    public void Scene(string repository, string test, string instruction)
    {
        Wrapped("repository   ", repository);
        Wrapped("its test     ", $"sh test.sh → {test}");
        Wrapped("instruction  ", instruction);
        Line();
    }

    /// <summary>The clock of the lines that follow starts now.</summary>
    public void Begin() => _began = clock.GetTimestamp();

    /// <summary>One transition, once; before a second attempt also what its agent is told.</summary>
    public void Show(TimelineEntry entry, IReadOnlyList<Attempt> attempts, TaskView task)
    {
        if (entry.Seq <= _seen) return;
        _seen = entry.Seq;
        Last = task;
        if (entry.Phase is Phase.Agent && attempts.FirstOrDefault(one => one.Number == entry.Attempt && one.Number > _told && one.Feedback is not null) is { } told)
        {
            _told = told.Number;
            Feedback(told.Feedback!);
        }

        // A claim within a phase is a transition too, but no news.
        if ((entry.Phase, entry.Attempt) == _last) return;
        _last = (entry.Phase, entry.Attempt);
        var took = Times.Span(entry.Time - task.CreatedAt).PadLeft(6);
        var word = AmpxJson(entry.Status);
        _step++;
        Line($"{Dim(took)}  {Terminal.Paint(word.PadRight(9), Words.Code(entry.Status), _colour)} {Describe(entry, task)}");
        Bar();
    }

    public void End(TaskView task, string commit, string? kept)
    {
        Last = task;
        Line();
        Line($"{Terminal.Paint("merged", "32", _colour)} after {task.Attempts} attempts in {Times.Span(clock.GetElapsedTime(_began))}: git log -1 --stat main");
        foreach (var line in commit.Replace("\n\n\n", "\n\n", StringComparison.Ordinal).Split('\n')) Line($"    {Plain.Line(line)}".TrimEnd());
        Line();
        Line(kept is null ? "The demo's service and folder are gone again. With a repository of your own:" : $"Kept: {kept}. With a repository of your own:");
        var fits = Next.All(one => 56 + one.Words.Length <= Width);
        foreach (var (line, words) in Next)
        {
            Line($"    {(fits ? line.PadRight(52) : line)}{(fits ? words : "")}");
            if (!fits) Line($"        {Dim(words)}");
        }
    }

    /// <summary>Columns; a pipe has as many as anybody likes.</summary>
    private int Width => (terminal.JsonOnly ? terminal.CanRedrawTalk : terminal.IsScreen) ? Terminal.Width : int.MaxValue;

    /// <summary>Broken at spaces to the terminal's width, below where it begins.</summary>
    private void Wrapped(string head, string text)
    {
        var first = true;
        foreach (var line in Plain.Wrap(text, Math.Max(20, Width - head.Length)))
        {
            Line($"{(first ? Dim(head) : new string(' ', head.Length))}{line}");
            first = false;
        }
    }

    private void Feedback(string feedback)
    {
        var lines = feedback.Split('\n');
        var telling = lines.Where(line => line.Contains("expected", StringComparison.Ordinal)).ToArray();
        if (telling.Length == 0) telling = [.. lines.Where(line => line.Trim().Length > 0)];
        Line($"        {Dim("CI's log, as the agent is told it:")}");
        foreach (var line in telling.Take(Excerpt)) Line($"        {Terminal.Paint("│", "31", _colour)} {Plain.Cut(line, 90)}");
        if (telling.Length > Excerpt) Line($"        {Terminal.Paint("│", "31", _colour)} {Dim($"… {telling.Length - Excerpt} more")}");
    }

    private static string Describe(TimelineEntry entry, TaskView task) => entry.Phase switch
    {
        Phase.WaitingForWorker => "waits for a worker",
        Phase.Preparing => $"attempt {entry.Attempt} of {task.MaxAttempts}: prepares a workspace",
        Phase.Agent => $"attempt {entry.Attempt} of {task.MaxAttempts}: the agent works",
        Phase.Publishing => "pushes the agent's commit",
        Phase.WaitingForCi => "CI runs: sh test.sh",
        Phase.CollectingFeedback => "CI is red: reads why",
        Phase.OpeningPr => "CI is green",
        Phase.Merging => "merges",
        Phase.Done => entry.Status is Status.Success ? task.PullRequest?.State is PullRequestState.Merged && entry.Seq == task.Version ? "merged" : "done: CI is green" : Plain.Line(task.Summary),
        _ => Words.Phase(entry.Phase),
    };

    private static string AmpxJson(Status status) => Core.AmpxJson.Word(status);

    /// <summary>How far it is, on the line below the last; gone when the next is printed.</summary>
    private void Bar()
    {
        if (!terminal.CanRedrawTalk || _step >= Steps) return;
        var since = clock.GetElapsedTime(_began);
        var left = Working.Left(_step, Steps, since) is { } time ? $", about {Times.Span(time)} left" : "";
        Console.Error.Write($"{Output.Bar.Of(_step, Steps, BarWidth, terminal.ColourTalk)} {_step}/{Steps} steps{left}");
        _painted = true;
    }

    private void Line(string text = "")
    {
        if (_painted) Console.Error.Write("\r\e[2K");
        _painted = false;
        if (terminal.JsonOnly) Terminal.Say(text);
        else Terminal.Line(text);
    }

    private string Bold(string text) => Terminal.Paint(text, "1", _colour);

    private string Dim(string text) => Terminal.Paint(text, "2", _colour);
}
