using System.Collections.Concurrent;
using Ampx.FakeGitHub.Repositories;

namespace Ampx.FakeGitHub.Workflows;

/// <summary>Starts runs when something happens, drives their jobs, and tells who waits for them.</summary>
public sealed class WorkflowEngine : IAsyncDisposable
{
    private readonly Site site;
    private readonly SemaphoreSlim slots;
    private readonly CancellationTokenSource closing = new();
    private readonly ConcurrentDictionary<Task, byte> underWay = new();

    internal WorkflowEngine(Site site, int parallelJobs) => (this.site, slots) = (site, new(parallelJobs));

    /// <summary>From now on, pushes that fit get these runs instead of real ones.</summary>
    public void Script(Repository repository, RunScript script) => repository.Scripts.Enqueue(script);

    /// <summary>Adds a fixed run for a commit, at once.</summary>
    public WorkflowRun Add(Repository repository, string sha, string branch, RunSpec spec) => ScriptedRuns.Add(site, repository, sha, branch, spec);

    /// <summary>Changes a fixed run; what the spec leaves null stays.</summary>
    public void Update(Repository repository, WorkflowRun run, RunSpec spec) => ScriptedRuns.Update(site, repository, run, spec);

    /// <summary>Makes and starts the runs that this sets off. They are listed when this returns.</summary>
    internal async Task Happened(Repository repository, Trigger trigger)
    {
        var subject = await repository.Git.Run("log", "-1", "--format=%B", trigger.Sha);
        if (!repository.Settings.ActionsEnabled || PushDesk.SkipsCi().IsMatch(subject)) return;
        if (ScriptedRuns.Answer(site, repository, trigger, subject)) return;

        var source = trigger.CheckoutSha ?? trigger.Sha;
        foreach (var path in await repository.Git.Files(source, ".github/workflows/"))
        {
            if (!path.EndsWith(".yml", StringComparison.Ordinal) && !path.EndsWith(".yaml", StringComparison.Ordinal)) continue;
            WorkflowFile file;
            try
            {
                file = WorkflowFile.Parse(path, await repository.Git.Text(source, path));
            }
            catch (FormatException)
            {
                if (trigger.Event != "push") continue; // GitHub shows a broken file once, under the push
                var broken = Create(repository, trigger, path, path, subject, null);
                broken.Complete("startup_failure", site.Now);
                site.Webhooks.RunChanged(repository, broken, "completed");
                continue;
            }

            if (!file.StartsOn(trigger)) continue;
            var run = Create(repository, trigger, file.Name, path, subject, file);
            Start(repository, run, file.Jobs);
        }
    }

    /// <summary>The run once more; with <paramref name="failedOnly"/> its green jobs are kept.</summary>
    internal void Rerun(Repository repository, WorkflowRun run, bool failedOnly)
    {
        var kept = failedOnly ? run.LatestJobs.Where(job => job.Conclusion is "success").Select(job => job.Name).ToHashSet() : [];
        run.NextAttempt(site.Now);
        if (run.Plan is { } plan) Start(repository, run, [.. plan.File.Jobs.Where(job => !kept.Contains(job.Name))]);
        else ScriptedRuns.Rerun(site, repository, run, kept);
    }

    /// <summary>Ends the run's processes; it is <c>cancelled</c>.</summary>
    internal void Cancel(Repository repository, WorkflowRun run)
    {
        run.Cancellation.Cancel();
        if (run.Plan is not null) return;
        foreach (var job in run.LatestJobs.Where(job => job.Status != "completed")) job.Complete("cancelled", site.Now);
        run.Complete("cancelled", site.Now);
        Ended(repository, run);
    }

    /// <summary>The run has ended: hooks are told, and pull requests that waited for it merge.</summary>
    internal void Ended(Repository repository, WorkflowRun run)
    {
        site.Webhooks.RunChanged(repository, run, "completed");
        InBackground(() => AutoMerging.Try(site, repository, run));
    }

    internal WorkflowRun Create(Repository repository, Trigger trigger, string name, string path, string subject, WorkflowFile? file)
    {
        var workflow = repository.WorkflowIds.GetOrAdd(path, _ => Ids.Next());
        var run = new WorkflowRun
        {
            WorkflowId = workflow,
            RunNumber = repository.Runs.Count(other => other.WorkflowId == workflow) + 1,
            Name = name,
            Path = path,
            Event = trigger.Event,
            HeadBranch = trigger.Branch,
            HeadSha = trigger.Sha,
            DisplayTitle = trigger.Pull?.Title ?? subject.Split('\n')[0],
            Actor = trigger.Login,
            CreatedAt = site.Now,
            RunStartedAt = site.Now,
            UpdatedAt = site.Now,
            Pull = trigger.Pull,
            Plan = file is null ? null : (file, trigger),
        };
        repository.Add(run);
        site.Webhooks.RunChanged(repository, run, "requested");
        return run;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await Task.WhenAll(underWay.Keys);
        slots.Dispose();
        closing.Dispose();
    }

    private void Start(Repository repository, WorkflowRun run, IReadOnlyList<JobPlan> plans)
    {
        var jobs = plans.Select(plan => (Plan: plan, Job: new Job { Name = plan.Name, Attempt = run.RunAttempt, CreatedAt = site.Now })).ToList();
        foreach (var (_, job) in jobs) run.Add(job);
        site.Webhooks.JobsChanged(repository, run);
        InBackground(() => Drive(repository, run, jobs));
    }

    private async Task Drive(Repository repository, WorkflowRun run, List<(JobPlan Plan, Job Job)> jobs)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(closing.Token, run.Cancellation.Token);
        var started = new Dictionary<string, List<Task>>();
        var all = new List<Task>();
        var left = jobs.ToList();
        while (left.Count > 0)
        {
            var waiting = left.Select(entry => entry.Plan.Id).ToHashSet();
            var ready = left.Where(entry => !entry.Plan.Needs.Exists(waiting.Contains)).ToList();
            if (ready.Count == 0) ready = left; // needs in a circle: run them, rather than hang
            foreach (var entry in ready)
            {
                var before = entry.Plan.Needs.SelectMany(need => started.GetValueOrDefault(need, [])).ToList();
                var task = RunJob(repository, run, entry.Plan, entry.Job, Task.WhenAll(before), stop.Token);
                all.Add(task);
                (started.TryGetValue(entry.Plan.Id, out var same) ? same : started[entry.Plan.Id] = []).Add(task);
            }

            left = [.. left.Except(ready)];
        }

        await Task.WhenAll(all);
        var conclusions = run.LatestJobs.Select(job => job.Conclusion).ToHashSet();
        run.Complete(
            conclusions.Contains("failure") ? "failure"
            : conclusions.Contains("cancelled") ? "cancelled"
            : conclusions.Contains("success") ? "success" : "skipped",
            site.Now);
        if (!closing.IsCancellationRequested) Ended(repository, run);
    }

    private async Task RunJob(Repository repository, WorkflowRun run, JobPlan plan, Job job, Task before, CancellationToken stop)
    {
        await before;
        var needed = run.LatestJobs.Where(other => plan.Needs.Exists(need => other.Name == need || other.Name.StartsWith(need + " (", StringComparison.Ordinal)));
        var failed = needed.Any(other => other.Conclusion != "success");
        var (file, trigger) = run.Plan!.Value;
        var runner = new JobRunner(site, repository, run, file, trigger, plan, job);
        if (!Expressions.Holds(plan.If, failed, runner.Value))
        {
            job.Complete("skipped", site.Now);
            return;
        }

        try
        {
            await slots.WaitAsync(stop);
        }
        catch (OperationCanceledException)
        {
            job.Complete("cancelled", site.Now);
            return;
        }

        try
        {
            if (run.Status == "queued")
            {
                (run.Status, run.UpdatedAt) = ("in_progress", site.Now);
                site.Webhooks.RunChanged(repository, run, "in_progress");
            }

            await runner.Run(stop);
        }
        catch (Exception e) when (e is not OperationCanceledException) // our fault or the workflow's: shown as a lost job, kept for the test
        {
            site.Errors.Enqueue(e);
            job.Complete("failure", site.Now);
        }
        finally
        {
            slots.Release();
            site.Webhooks.JobsChanged(repository, run);
        }
    }

    /// <summary>Does it beside what is under way; what goes wrong is kept for the test to see.</summary>
    internal void InBackground(Func<Task> work)
    {
        var task = Task.Run(async () =>
        {
            try
            {
                await work();
            }
            catch (Exception e) // nobody awaits it: kept for the test to see
            {
                site.Errors.Enqueue(e);
            }
        });
        underWay[task] = 0;
        task.ContinueWith(done => underWay.TryRemove(done, out _), TaskScheduler.Default);
    }
}
