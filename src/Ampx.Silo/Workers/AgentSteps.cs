using Ampx.Core.Secrecy;
using Ampx.Core.Tasks;
using Ampx.Runs;
using Ampx.Silo.Agents;
using Ampx.Silo.Agents.Runs;
using Ampx.Silo.Agents.Sandboxes;
using Ampx.Silo.Forges;
using Ampx.Silo.Forges.GitHub;
using Ampx.Silo.Forges.Local;
using Ampx.Silo.Git;
using Ampx.Silo.Git.Guarding;
using Ampx.Silo.Storage.Logs;
using Ampx.Silo.Telemetry;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Workers;

/// <summary>What a worker does in the phases of an agent run. Each step can be done again.</summary>
public sealed class AgentSteps(
    IGrainFactory grains, Forges.Forges forges, Workspaces workspaces, Commits commits, Pushes pushes, Changes changes, Guards guards, AgentProfiles profiles, AgentRuns runs, Sandbox sandbox,
    RunOutput output, Checkpoints checkpoints, Mirrors mirrors, LogWriter logs, Redactor redactor, TimeProvider clock, IOptions<GitOptions> git, IOptions<PullRequestOptions> pullRequest)
{
    private static readonly TimeSpan ShowEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>The workspace on the task's branch: <see cref="Prepared"/>.</summary>
    public async Task<TaskEvent> Prepare(TaskState task, CancellationToken cancel)
    {
        var repo = forges.Parse(task);
        var forge = forges.Of(repo);
        var remote = await forge.Remote(repo, cancel);
        var issue = task is { Issue: { } number, IssueTitle: null } ? await forge.ReadIssue(repo, number, cancel) : null;
        if (issue is not null) Log(task, "system", $"issue #{task.Issue}: {issue.Title} ({issue.Text.Length} characters)");
        task = await checkpoints.BeforePreparing(task, cancel);
        var tree = await ShowCloning(task, remote, workspaces.Take(RequestFor(task, repo, remote), cancel));
        Log(task, "git", $"{task.Branch} begins at {tree.StartSha[..10]} ({tree.Base} is {tree.BaseSha[..10]}){Found(task, tree)}");
        // Of a repository elsewhere it is known only now: still before the agent is paid.
        if (task is { Forge: ForgeKind.Git, CiCommand: null } && await changes.ReadFile(remote, tree.BaseSha, AmpxYaml.FileName, cancel: cancel) is var yaml && AmpxYaml.Ci(yaml) is null)
            return new StepFailed(ErrorCodes.CiNotConfigured, AmpxYaml.WhyNone(yaml));
        return new Prepared(tree.Base, tree.BaseSha, tree.StartSha, tree.RemoteSha, forge.CompareUrl(repo, tree.Base, task.Branch), issue, tree.Restored);
    }

    /// <summary>While the workspace is made, those who watch the task are told how far a first fetch is.</summary>
    private async Task<Workspace> ShowCloning(TaskState task, GitRemote remote, Task<Workspace> taking)
    {
        TaskProgress? told = null;
        while (await Task.WhenAny(taking, Task.Delay(ShowEvery, clock)) != taking)
        {
            if (mirrors.HowFar(remote) is not { } now || now == told) continue;
            await grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(task.Id)).Report(task.Step, now);
            told = now;
        }

        return await taking;
    }

    /// <summary>The agent's run, adopted if it is under way, and its commit: <see cref="AgentCommitted"/>, <see cref="AgentChangedNothing"/> or <see cref="AgentFailed"/>.</summary>
    public async Task<TaskEvent> Run(TaskState task, CancellationToken cancel)
    {
        var runId = task.Run!.RunId;
        if (profiles.Find(task.Agent) is not { } profile) return new AgentFailed(ErrorCodes.AgentNotFound, $"there is no agent profile '{task.Agent}' in this service's settings", null);
        if (workspaces.Find(task.Id) is not { } tree) return new WorkerLost("the workspace is gone");
        workspaces.BeginWork(task.Id);
        if (runs.Folder(runId).State is RunState.NotStarted)
        {
            var place = new SandboxPlace(runId, tree.Path, tree.Mirror, task.Owner, forges.Parse(task).Key);
            Call Around(Call call) => sandbox.Around(call, profile.Sandbox, place);
            var thread = task.ThreadId;
            if (thread is null && profile.HasThreads)
            {
                var made = await profile.NewThread(tree.Path, Around, cancel);
                if (made is AmpThread.Failed no) return new AgentFailed(no.Code, no.Detail, null);
                thread = ((AmpThread.Created)made).Id;
                // Stored before anything is said in it: a crash from here on continues this thread.
                if (await grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(task.Id)).Tell(new ThreadCreated(thread), task.Step) is null) throw new OperationCanceledException("the run was taken away");
            }

            await runs.Start(profile.Spec(task, tree.Path, thread, Around), Prompts.Of(task), cancel);
            Log(task, "system", $"{profile.Name} started, attempt {task.Attempts} of {task.MaxAttempts}{(profile.Sandbox.Missing is { } why ? $"; without a sandbox: {why}" : "")}");
        }

        var end = await Follow(task, runId, profile, cancel);
        if (end is null) return new WorkerLost($"the supervisor of run {runId} is gone");
        switch (profile.Outcome(runs.Folder(runId), end, redactor.Now))
        {
            case AgentOutcome.Failed failed:
                Log(task, "system", $"{failed.Code}: {failed.Detail}");
                return new AgentFailed(failed.Code, failed.Detail, Sum(failed.Usage));
            case AgentOutcome.Stopped stopped:
                return new WorkerLost($"the run was ended, and not by the agent: {stopped.Reason}");
            case AgentOutcome.Succeeded done:
                return await Commit(task, tree, done, cancel);
            case var other:
                throw new InvalidOperationException($"a run can't end in {other.GetType().Name}");
        }
    }

    /// <summary>Follows the agent to its end; meanwhile its work is brought to safety now and then.</summary>
    private async Task<RunExit?> Follow(TaskState task, string runId, AgentProfile profile, CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var saving = checkpoints.During(task, over.Token);
        try
        {
            using var span = Traces.Part($"agent {task.Agent}");
            var end = await output.Follow(task, runId, "agent", profile, cancel);
            span?.SetTag("exit_code", end?.Code).SetTag("reason", end?.Reason);
            return end;
        }
        finally
        {
            await over.CancelAsync();
            await saving;
        }
    }

    /// <summary>What a stopped run printed since it was looked at last.</summary>
    public Task ReadRest(TaskState task, CancellationToken cancel) => output.Follow(task, task.Run!.RunId, "agent", profiles.Find(task.Agent), cancel);

    /// <summary>Once nothing of the run is alive: what it left goes to safety.</summary>
    public Task SaveWork(TaskState task, CancellationToken cancel) => checkpoints.AfterRun(task, cancel);

    /// <summary>The same for whatever runs that were stopped have left; not waited for.</summary>
    public void SaveKeptSoon() => checkpoints.SaveKeptSoon();

    private async Task<TaskEvent> Commit(TaskState task, Workspace tree, AgentOutcome.Succeeded done, CancellationToken cancel)
    {
        var usage = Sum(done.Usage);
        var commit = await commits.Commit(tree, new CommitOrder(task.Prompt, task.Id, task.Run!.RunId, git.Value.AuthorName, git.Value.AuthorEmail), cancel);
        if (commit.Sha is { } sha)
        {
            Log(task, "git", $"committed {sha[..10]}");
            return new AgentCommitted(sha, done.Said, usage);
        }

        Log(task, "system", "the agent changed no file that git keeps");
        await checkpoints.NothingChanged(await Now(task), cancel);
        return new AgentChangedNothing(done.Said, usage);
    }

    /// <summary>The commit at the remote: <see cref="Pushed"/>, or why not.</summary>
    public async Task<TaskEvent> Publish(TaskState task, CancellationToken cancel)
    {
        var repo = forges.Parse(task);
        var remote = await forges.Of(repo).RemoteForPush(repo, cancel);
        if (!await grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(task.Id)).MayPush(task.Step, task.Run!.RunId)) throw new OperationCanceledException("the run was taken away");
        // Made on another machine, which is gone: the commit may be at the task's own ref.
        if (task.Checkpoint is not null && !await mirrors.Has(remote, task.HeadSha!, cancel))
        {
            await mirrors.Fetch(remote, cancel);
            await mirrors.FetchCheckpoint(remote, task.Id, cancel);
        }

        var outcome = await pushes.Push(remote, task.Branch, task.HeadSha!, task.RemoteSha, task.Id, cancel);
        Log(task, "git", $"push of {task.HeadSha![..10]} to {task.Branch}: {Words(outcome)}");
        if (outcome is PushOutcome.Pushed or PushOutcome.AlreadyThere or PushOutcome.AdoptOwn)
        {
            if (await checkpoints.Published(task, remote, cancel) is { } notYet) return notYet;
        }
        else if (outcome is PushOutcome.Refused or PushOutcome.Moved)
        {
            await checkpoints.NotPublished(task, cancel);
        }

        return outcome switch
        {
            PushOutcome.Pushed or PushOutcome.AlreadyThere => await Arrived(task, task.HeadSha!, remote, cancel),
            PushOutcome.AdoptOwn own => await Arrived(task, own.Sha, remote, cancel),
            PushOutcome.Moved { Sha: { } sha } => new BranchMoved(sha),
            PushOutcome.Moved => new StepFailed(ErrorCodes.PushRejected, $"somebody deleted {task.Branch} while the task was at work"),
            PushOutcome.Refused no => new PushRefused(no.ForContent ? no.Detail : $"the server refuses {task.Branch}: {no.Detail}", no.ForContent),
            PushOutcome.Lost => new WorkLost("the commit is neither on this machine nor at the remote"),
            PushOutcome.Failed bad => new StepFailed(ErrorCodes.PushRejected, bad.Detail),
            _ => throw new InvalidOperationException($"a push can't end in {outcome.GetType().Name}"),
        };
    }

    private async Task<Pushed> Arrived(TaskState task, string sha, GitRemote remote, CancellationToken cancel)
    {
        var report = await guards.Look(remote, task.Base!, task.BaseSha!, sha, cancel);
        foreach (var line in GuardWords.Lines(report.Findings)) Log(task, "system", $"for a person to look at: {line}");
        return new(sha, await PullRequestFirst(task, remote, cancel), report);
    }

    private static WorkspaceRequest RequestFor(TaskState task, RepoRef repo, GitRemote remote) =>
        new(task.Id, task.Owner, repo.Key, remote, task.Branch, task.Base, task.HeadSha, task.RemoteSha, task.RejectedSha, task.Checkpoint);

    private static string Found(TaskState task, Workspace tree) => (tree.Restored, task.Checkpoint) switch
    {
        (true, _) => "; work of an earlier run lies there, not yet committed",
        (_, { } sha) when sha != task.RejectedSha => $"; the checkpoint {sha[..10]} doesn't go with what the branch is now and stays at {RefName.OfTask(task.Id)} until the next one",
        _ => "",
    };

    /// <summary>The task with the checkpoints that were made in this run.</summary>
    private async Task<TaskState> Now(TaskState task) => await grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(task.Id)).Find() is { } now && now.Step == task.Step ? now : task;

    private async Task<bool> PullRequestFirst(TaskState task, GitRemote remote, CancellationToken cancel)
    {
        if (task.Forge is not ForgeKind.GitHub || task.PullRequest is not null) return false;
        return pullRequest.Value.IsFirst(await WorkflowFiles(task.HeadSha!, remote, cancel));
    }

    private async Task<List<string>> WorkflowFiles(string sha, GitRemote remote, CancellationToken cancel)
    {
        var texts = new List<string>();
        foreach (var path in (await changes.ListFiles(remote, sha, Workflows.Folder, cancel)).Where(Workflows.IsWorkflow))
            texts.Add(await changes.ReadFile(remote, sha, path, cancel: cancel) ?? "");
        return texts;
    }

    private static Usage? Sum(AgentUsage? usage) => usage is null ? null : new Usage(usage.Input, usage.CachedInput, usage.Output, usage.CostUsd);

    private static string Words(PushOutcome outcome) => outcome switch
    {
        PushOutcome.Pushed => "done",
        PushOutcome.AlreadyThere => "already there",
        PushOutcome.AdoptOwn own => $"our earlier run's {own.Sha[..10]} is there",
        PushOutcome.Moved moved => $"the branch is at {moved.Sha?[..10] ?? "no commit"}",
        PushOutcome.Refused no => $"refused: {no.Detail}",
        PushOutcome.Failed bad => $"failed: {bad.Detail}",
        _ => "the commit is lost",
    };

    private void Log(TaskState task, string source, string text) => logs.Write(task.Id, task.Attempt?.Number ?? 0, source, text);
}
