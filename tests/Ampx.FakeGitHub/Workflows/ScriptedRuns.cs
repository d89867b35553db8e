using System.IO.Enumeration;
using Ampx.FakeGitHub.Repositories;

namespace Ampx.FakeGitHub.Workflows;

/// <summary>Runs that are told, not run.</summary>
internal static class ScriptedRuns
{
    /// <summary>Answers the event by the first script that fits; false if none does.</summary>
    public static bool Answer(Site site, Repository repository, Trigger trigger, string subject)
    {
        lock (repository.Scripts)
        {
            var fits = repository.Scripts.FirstOrDefault(script => script.Taken.Contains(trigger.Sha))
                ?? repository.Scripts.FirstOrDefault(script => Fits(script, trigger));
            if (fits is null) return false;
            fits.Taken.Add(trigger.Sha);
            foreach (var spec in fits.Runs.Where(spec => Appears(spec, trigger))) Make(site, repository, trigger, subject, spec);
            return true;
        }
    }

    /// <summary>Adds a run for a commit at once, whether or not anything was pushed.</summary>
    public static WorkflowRun Add(Site site, Repository repository, string sha, string branch, RunSpec spec)
    {
        var trigger = new Trigger(spec.Event ?? "push", null, sha, "refs/heads/" + branch, branch, null, "octo-dev")
        {
            Pull = spec.Event == "pull_request" ? repository.Pulls.LastOrDefault(pull => pull.HeadSha == sha) : null,
        };
        return Make(site, repository, trigger, "Scripted", spec);
    }

    /// <summary>Changes a run; what the spec leaves null stays.</summary>
    public static void Update(Site site, Repository repository, WorkflowRun run, RunSpec spec)
    {
        var before = run.Status;
        run.RunAttempt = spec.RunAttempt ?? run.RunAttempt;
        var conclusion = spec.Conclusion ?? (spec.Status is null or "completed" ? run.Conclusion : null);
        var status = spec.Status ?? (spec.Conclusion is null ? run.Status : "completed");
        var current = run.Jobs.Where(job => job.Attempt == run.RunAttempt).ToList();
        if (spec.Jobs is { } jobs)
        {
            var named = jobs.Select(job => (Spec: job, Job: current.Find(same => same.Name == job.Name) ?? New(site, run, job.Name))).ToList();
            foreach (var (told, job) in named) Tell(site, job, told, status, conclusion);
            run.ReplaceJobs([.. run.Jobs.Where(job => job.Attempt != run.RunAttempt), .. named.Select(entry => entry.Job)]);
        }
        else
        {
            foreach (var job in current.Where(job => job.Status != "completed")) Tell(site, job, new(), status, conclusion);
        }

        foreach (var rerun in spec.Reruns ?? []) run.Reruns.Enqueue(rerun);
        (run.Status, run.Conclusion, run.UpdatedAt) = (status, conclusion, site.Now);
        if (status == "completed")
        {
            run.Complete(conclusion ?? "success", site.Now);
            if (before != "completed") site.Actions.Ended(repository, run);
        }
        else
        {
            site.Webhooks.RunChanged(repository, run, status == "in_progress" ? "in_progress" : "requested");
        }
    }

    /// <summary>The next attempt of a scripted run: what its script says, else queued.</summary>
    public static void Rerun(Site site, Repository repository, WorkflowRun run, IReadOnlySet<string> kept)
    {
        foreach (var job in run.LatestJobs.Where(job => !kept.Contains(job.Name)).ToList())
            run.Add(New(site, run, job.Name));
        if (run.Reruns.TryDequeue(out var next)) Update(site, repository, run, next);
    }

    private static bool Appears(RunSpec spec, Trigger trigger) => (spec.Event ?? "push") == trigger.Event
        && (trigger.Event != "pull_request" || (spec.Action is { } action ? action == trigger.Action : trigger.Action is null or "opened" or "synchronize" or "reopened"));

    private static bool Fits(RunScript script, Trigger trigger)
    {
        if (script.Times is 0 || (script.Sha is not null && script.Sha != trigger.Sha)) return false;
        if (script.Branch is not null && !FileSystemName.MatchesSimpleExpression(script.Branch, trigger.Branch, ignoreCase: false)) return false;
        if (script.Times is not null) script.Times--;
        return true;
    }

    private static WorkflowRun Make(Site site, Repository repository, Trigger trigger, string subject, RunSpec spec)
    {
        var run = site.Actions.Create(repository, trigger, spec.Name ?? "CI", spec.Path ?? ".github/workflows/ci.yml", subject, null);
        Update(site, repository, run, spec with { Status = spec.Status ?? (spec.Conclusion is null ? "queued" : "completed"), Jobs = spec.Jobs ?? [new()] });
        return run;
    }

    private static Job New(Site site, WorkflowRun run, string name) => new() { Name = name, Attempt = run.RunAttempt, CreatedAt = site.Now };

    private static void Tell(Site site, Job job, JobSpec spec, string runStatus, string? runConclusion)
    {
        var ofRun = runConclusion is "stale" or "startup_failure" ? "cancelled" : runConclusion; // runs end like that, jobs don't
        var conclusion = spec.Conclusion ?? (spec.Status is null or "completed" ? ofRun : null);
        var status = spec.Status ?? (spec.Conclusion is null ? runStatus : "completed");
        var steps = spec.Steps ?? [new("Set up job", "success"), new("Run tests", conclusion), new("Complete job", "success")];
        if (status is not ("in_progress" or "completed")) steps = [];
        job.Steps = [.. steps.Select((step, index) => new Step
        {
            Number = index + 1,
            Name = step.Name,
            Status = step.Status ?? (step.Conclusion is null ? status : "completed"),
            Conclusion = step.Conclusion,
            StartedAt = site.Now,
            CompletedAt = step.Conclusion is null ? null : site.Now,
        })];
        job.LogExpired = spec.LogExpired;
        job.Annotations = [.. spec.Annotations];
        if (spec.Log is not null) job.Log = JobLog.Of(spec.Log, site.Time);
        if (steps.Count > 0) job.Begin(site.Now);
        if (status == "completed") job.Complete(conclusion ?? "success", site.Now);
        else job.Status = status is "in_progress" ? status : "queued";
    }
}
