using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Ampx.Cli.Output;

/// <summary>Tells how far a piece of work is. Without a total only a count is known.</summary>
internal delegate void HowFar(double done, double? total = null);

/// <summary>
/// Something to look at on stderr while a command waits: a bar with count, rate and time left where the total is known, a spinner elsewhere.
/// It is gone when the work is done, and never there where stderr is no terminal.
/// </summary>
internal static class Working
{
    /// <summary>Work of unknown length.</summary>
    public static Task<T> On<T>(Terminal terminal, string what, Func<Task<T>> work) => On(terminal, what, "", _ => work());

    /// <summary>Work that counts; <paramref name="unit"/> is what it counts, like <c>runs</c> or <c>MiB</c>.</summary>
    public static async Task<T> On<T>(Terminal terminal, string what, string unit, Func<HowFar, Task<T>> work)
    {
        if (!terminal.CanRedrawTalk) return await work((_, _) => { });
        var progress = terminal.Talk.Progress().AutoClear(true).HideCompleted(false);
        progress.RefreshRate = TimeSpan.FromMilliseconds(120);
        progress.Columns(new SpinnerColumn(Spinner.Known.Dots), new TaskDescriptionColumn { Alignment = Justify.Left }, new KnownColumn(new ProgressBarColumn { Width = 24 }), new CountColumn(unit), new KnownColumn(new LeftColumn()));
        return await progress.StartAsync(async shown =>
        {
            var bar = shown.AddTask(Markup.Escape(what), autoStart: true, maxValue: double.MaxValue);
            return await work((done, total) =>
            {
                if (total is { } all) bar.MaxValue = all;
                bar.Value = done;
            });
        });
    }

    /// <summary>Before this a bar would only flash.</summary>
    private static readonly TimeSpan Noticed = TimeSpan.FromMilliseconds(400);

    private static bool HasTotal(ProgressTask task) => task.MaxValue < double.MaxValue;

    private static bool Knows(ProgressTask task) => HasTotal(task) && task.Value < task.MaxValue && task.ElapsedTime >= Noticed;

    /// <summary>Shows another column where the total is known.</summary>
    private sealed class KnownColumn(ProgressColumn inner) : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => Knows(task) ? inner.Render(options, task, deltaTime) : Text.Empty;
    }

    /// <summary><c>3/12 runs, 2/min</c>.</summary>
    private sealed class CountColumn(string unit) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
        {
            if (unit.Length == 0 || (!Knows(task) && (task.Value == 0 || HasTotal(task)))) return Text.Empty;
            var count = Knows(task) ? $"{Number(task.Value)}/{Number(task.MaxValue)} {unit}" : $"{Number(task.Value)} {unit}";
            var rate = task.ElapsedTime is { TotalSeconds: >= 1 } since && task.Value > 0 ? $", {Rate(task.Value / since.TotalSeconds)}" : "";
            return new Text(count + rate);
        }
    }

    /// <summary><c>2m 05s left</c>.</summary>
    private sealed class LeftColumn : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            Knows(task) && Left(task.Value, task.MaxValue, task.ElapsedTime ?? TimeSpan.Zero) is { } left ? new Text($"{Times.Span(left)} left") : Text.Empty;
    }

    /// <summary>By the rate so far; null while that says nothing.</summary>
    internal static TimeSpan? Left(double done, double total, TimeSpan since) =>
        done <= 0 || done >= total || since < TimeSpan.FromSeconds(1) ? null : since / done * (total - done);

    /// <summary>In the unit of time in which it is at least one.</summary>
    internal static string Rate(double perSecond) => perSecond switch
    {
        >= 1 => $"{Number(perSecond)}/s",
        >= 1 / 60.0 => $"{Number(perSecond * 60)}/min",
        _ => $"{Number(perSecond * 3600)}/h",
    };

    private static string Number(double value) => value.ToString(value is > 0 and < 10 && value % 1 > 0.05 ? "0.0" : "0", CultureInfo.InvariantCulture);
}
