using System.Diagnostics;
using Ampx.Chaos.Checks;
using Ampx.Chaos.Faults;
using Ampx.Chaos.Machines;
using Ampx.Chaos.Work;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;

namespace Ampx.Chaos;

/// <summary>Tasks over a cluster in which everything breaks; then a look at every one of them.</summary>
internal static class ChaosSuite
{
    /// <summary>Bounded in time; whatever it started has ended when it returns.</summary>
    public static async Task<Report> Run(ChaosOptions options, Action<string> print, CancellationToken cancel)
    {
        var since = Stopwatch.GetTimestamp();
        void Say(string words) => print(FormattableString.Invariant($"{Stopwatch.GetElapsedTime(since).TotalSeconds,6:0.0}  {words}"));
        Say($"seed {options.Seed}: {options.Tasks} tasks on {options.Silos} {(options.Silos == 1 ? "silo" : "silos")} over {(options.Sqlite ? "SQLite" : "PostgreSQL")}");

        await using var theatre = await Theatre.Open(options, Say, cancel);
        Say($"ready in {theatre.Root}");
        var customers = new Customers(theatre, options, Say);
        var faults = new FaultDriver(theatre, options, Say);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var closing = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        enough.CancelAfter(options.Length);
        var breaking = faults.Run(enough.Token);
        var aborting = customers.AbortEndless(closing.Token);
        var began = Stopwatch.GetTimestamp();
        IReadOnlyList<TaskView> tasks;
        try
        {
            await customers.StartAll(Order.Draw(options, theatre.Repos), cancel);
            if (options.Faults < int.MaxValue) await breaking;
            tasks = await AllEnded(theatre, options.Length - Stopwatch.GetElapsedTime(began), cancel);
            await enough.CancelAsync();
            await breaking;
            Say($"everything is mended; {tasks.Count(task => !HasEnded(task))} of {tasks.Count} tasks are still at work");
            tasks = await AllEnded(theatre, options.Patience, cancel, Say);
        }
        finally
        {
            await enough.CancelAsync();
            await breaking;
            await closing.CancelAsync();
            await aborting.ContinueWith(_ => { }, TaskScheduler.Default);
        }

        Say("looking at what became of them");
        var figures = new Figures(options) { Time = Stopwatch.GetElapsedTime(began) };
        var differences = await new Oracle(theatre, customers, figures).Look(tasks, cancel);
        figures.Take(theatre, customers, faults, tasks);
        return new(figures, differences);
    }

    private static bool HasEnded(TaskView task) => task is { Phase: Phase.Done, FinishedAt: not null };

    private static async Task<IReadOnlyList<TaskView>> AllEnded(Theatre theatre, TimeSpan patience, CancellationToken cancel, Action<string>? say = null)
    {
        var since = Stopwatch.GetTimestamp();
        var told = TimeSpan.Zero;
        while (true)
        {
            var tasks = await theatre.Cluster.Tasks(cancel);
            if (tasks.All(HasEnded) || Stopwatch.GetElapsedTime(since) > patience) return tasks;
            if (say is not null && Stopwatch.GetElapsedTime(since) - told > TimeSpan.FromSeconds(30))
            {
                told = Stopwatch.GetElapsedTime(since);
                foreach (var task in tasks.Where(task => !HasEnded(task))) say($"still {AmpxJson.Word(task.Phase)}: {Order.Read(task.Prompt).Mark} on {task.Repo}, {task.Id}, looked at again {task.NextWakeAt:HH:mm:ss}: {task.Summary}");
            }

            await Task.Delay(1000, cancel);
        }
    }
}
