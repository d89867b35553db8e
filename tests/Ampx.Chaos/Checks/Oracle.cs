using System.Diagnostics;
using Ampx.Chaos.Machines;
using Ampx.Chaos.Work;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;

namespace Ampx.Chaos.Checks;

/// <summary>Holds what became of the tasks against what they were told to become.</summary>
internal sealed class Oracle(Theatre theatre, Customers customers, Figures figures)
{
    /// <summary>Lost workers that a task survives; the next one hands it to a person.</summary>
    private const int WorkersLost = 3;

    private static readonly TimeSpan TidyingUp = TimeSpan.FromMinutes(2);
    private readonly List<string> differences = [];

    public async Task<IReadOnlyList<string>> Look(IReadOnlyList<TaskView> tasks, CancellationToken cancel)
    {
        foreach (var id in customers.Accepted.Keys.Except(tasks.Select(task => task.Id))) Differs($"task {id} was accepted and is gone");
        foreach (var twice in tasks.GroupBy(task => Order.Read(task.Prompt).Mark).Where(same => same.Count() > 1)) Differs($"{twice.Key} was started once and is {twice.Count()} tasks");
        foreach (var words in theatre.Journal.Overlaps) Differs($"two agents were at work on one task: {words}");
        foreach (var words in theatre.GitHub.Site.Requests.Violations) Differs($"GitHub: {words}");
        var runs = theatre.Journal.Read();
        foreach (var twice in runs.GroupBy(run => run.RunId).Where(same => same.Count() > 1)) Differs($"run {twice.Key} was started {twice.Count()} times");

        var branches = new Branches(theatre);
        var logs = new Logs(figures);
        foreach (var task in tasks)
        {
            var (mark, plan) = Order.Read(task.Prompt);
            var who = $"{mark} ({plan.Name}, {task.Id})";
            var timeline = (await theatre.Cluster.Get<Timeline>($"tasks/{task.Id}/timeline", cancel)).Entries;
            figures.TimelineEntries += timeline.Count;
            var lost = timeline.Count(entry => entry.Cause == "worker_lost");
            figures.WorkersLost += lost;
            if (!timeline.Select(entry => entry.Seq).SequenceEqual(Enumerable.Range(timeline[0].Seq, timeline.Count)) || timeline[^1].Seq != task.Version)
                Differs($"{who}: the timeline has gaps: {string.Join(' ', timeline.Select(entry => entry.Seq))}, version {task.Version}");
            if (task.Phase is not Phase.Done)
            {
                Differs($"{who}: still {AmpxJson.Word(task.Phase)} after {timeline[^1].Cause}, {lost} workers lost: {task.Summary}");
                continue;
            }

            // The contract's own way out, not ours to take for an error.
            var givenUp = lost > WorkersLost && task is { Status: Status.NeedsReview, Error.Code: ErrorCodes.WorkerLost };
            if (!givenUp) Differs(who, Ending(task, plan));
            var commits = await branches.Commits(task);
            if (!givenUp) Differs(who, await branches.Look(task, mark, plan, commits));
            figures.Commits += commits.Length;
            Differs(who, logs.Look(await theatre.Cluster.Log(task.Id, cancel), [.. runs.Where(run => run.Mark == mark)], [.. commits.Select(commit => commit.RunId).OfType<string>()], task));
        }

        figures.Pulls = theatre.GitHub.Site.Repositories.All.Sum(repository => repository.Pulls.Count());
        differences.AddRange(branches.LostPushes());
        await Tidy(cancel);
        return differences;
    }

    private static IEnumerable<string> Ending(TaskView task, Plan plan)
    {
        if (task.Status != plan.Status || task.Error?.Code != plan.Error) yield return $"ended in {AmpxJson.Word(task.Status)} {task.Error?.Code}, not {AmpxJson.Word(plan.Status)} {plan.Error}: {task.Summary}";
        // A person's abort may come before the first attempt has begun, or between two.
        if (task.Attempts != plan.Attempts && !plan.IsAborted) yield return $"took {task.Attempts} attempts, not {plan.Attempts}";
    }

    /// <summary>No process, no folder is left; what is still being put away gets its time.</summary>
    private async Task Tidy(CancellationToken cancel)
    {
        var since = Stopwatch.GetTimestamp();
        List<string> left;
        do
        {
            await Task.Delay(500, cancel);
            left = [.. Leftovers.Runs(theatre), .. theatre.Silos.SelectMany(Leftovers.Folders)];
            foreach (var silo in theatre.Silos) if (!await Cluster.IsReady(silo, cancel)) left.Add($"silo {silo.Number} isn't ready");
        }
        while (left.Count > 0 && Stopwatch.GetElapsedTime(since) < TidyingUp);
        differences.AddRange(left);
    }

    private void Differs(string words) => differences.Add(words);

    private void Differs(string who, IEnumerable<string> words) => differences.AddRange(words.Select(each => $"{who}: {each}"));
}
