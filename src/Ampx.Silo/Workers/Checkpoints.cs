using System.Threading.Channels;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Ampx.Silo.Git;
using Ampx.Silo.Storage.Logs;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Workers;

/// <summary>Brings work that a task's branch doesn't have to the task's own ref at the remote, <c>refs/ampx/ID</c>, and removes it there once the branch has it.
/// A checkpoint that can't be made is told and never disturbs the run: the tree stays the task's until one could.</summary>
public sealed partial class Checkpoints(
    IGrainFactory grains, Forges.Forges forges, Workspaces workspaces, CheckpointRefs refs, Mirrors mirrors, LogWriter logs,
    IOptions<GitOptions> git, IOptions<CheckpointOptions> options, TimeProvider clock, ILogger<Checkpoints> log) : IDisposable
{
    /// <summary>What the next try of a failed run waits for at most.</summary>
    private static readonly TimeSpan RunLimit = TimeSpan.FromMinutes(2);

    /// <summary>Preparing fails so often for work that can't be read before that work is given up.</summary>
    private const int Patience = 3;

    private readonly Channel<bool> wanted = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly SemaphoreSlim saving = new(1);

    /// <summary>One each interval while the agent works, until <paramref name="over"/> or the server refuses.</summary>
    public async Task During(TaskState task, CancellationToken over)
    {
        if (options.Value.Interval == TimeSpan.Zero) return;
        try
        {
            using var timer = new PeriodicTimer(options.Value.Interval, clock);
            while (await timer.WaitForNextTickAsync(over))
                if (await Quietly(task, () => Save(task, ended: false, over), over) is PushOutcome.Refused) return;
        }
        catch (Exception cut) when (over.IsCancellationRequested)
        {
            LogOver(task.Id, cut);
        }
    }

    /// <summary>The run is over, or is being stopped, and nothing of it is alive: what it left goes to safety.</summary>
    public Task AfterRun(TaskState task, CancellationToken cancel) => Quietly(
        task,
        () => task is { Unpublished: true, HeadSha: { } head }
            ? SaveCommit(task, head, cancel)
            : Save(task, ended: true, cancel),
        cancel);

    /// <summary>The server won't have the commit on the branch, or a person was first.</summary>
    public Task NotPublished(TaskState task, CancellationToken cancel) => Quietly(task, () => SaveCommit(task, task.HeadSha!, cancel), cancel);

    /// <summary>Before a tree is made ready, which may have to empty it: what the last run left there and couldn't save is made a commit at least.</summary>
    /// <returns>The task with the checkpoint it has now.</returns>
    public async Task<TaskState> BeforePreparing(TaskState task, CancellationToken cancel)
    {
        if (!workspaces.IsUnsaved(task.Id) || workspaces.IsSuperseded(task.Id, task.RemoteSha, task.Checkpoint)) return task;
        try
        {
            var (now, before) = await Make(task, ended: true, cancel);
            if (now is not null) await Quietly(task, async () => await Push(task, now, before, ended: true, cancel), cancel);
        }
        catch (GitException unreadable) when (task.StepFailures >= Patience && !IsFull(unreadable))
        {
            Log(task, $"what the last run left can't be read and is given up: {unreadable.Message}");
        }

        return await Grain(task.Id).Find() ?? task;
    }

    /// <summary>The work is at the branch, so it is removed from the task's own ref. Safe to repeat.</summary>
    /// <returns>What keeps the step from its end; null if nothing does.</returns>
    public async Task<StepFailed?> Published(TaskState task, GitRemote remote, CancellationToken cancel)
    {
        if (task.Checkpoint is { } last)
        {
            var outcome = await refs.Remove(remote, task.Id, last, StillMine(task), cancel);
            if (outcome is PushOutcome.Failed failed) return new StepFailed(ErrorCodes.PushRejected, $"the commit is pushed; its checkpoint at {RefOf(task.Id)} couldn't be removed: {failed.Detail}");
            Log(task, outcome is PushOutcome.Refused no ? $"the server keeps {RefOf(task.Id)}: {no.Detail}" : $"{RefOf(task.Id)} removed");
        }

        await mirrors.Forget(remote, task.Id, cancel);
        workspaces.EndWork(task.Id);
        return null;
    }

    /// <summary>The agent has ended well and left the files as they were: what an earlier run had changed is undone too.</summary>
    public async Task NothingChanged(TaskState task, CancellationToken cancel)
    {
        workspaces.EndWork(task.Id);
        if (task.Checkpoint is null) return;
        await Quietly(task, async () =>
        {
            var outcome = await refs.Remove(await Remote(task, cancel), task.Id, task.Checkpoint, StillMine(task), cancel);
            if (outcome is PushOutcome.Pushed or PushOutcome.AlreadyThere) await Tell(task, null);
            return outcome;
        }, cancel);
    }

    /// <summary>Tries again to save what lies in trees that no run has. Work that the task has gone on without isn't kept any longer.</summary>
    public async Task SaveKept(CancellationToken cancel)
    {
        await saving.WaitAsync(cancel);
        try
        {
            await SaveEach(cancel);
        }
        finally
        {
            saving.Release();
        }
    }

    /// <summary>Has <see cref="Wanted"/> end if there is something to save.</summary>
    public void SaveKeptSoon()
    {
        if (workspaces.Kept.Count > 0) wanted.Writer.TryWrite(true);
    }

    /// <summary>Ends when a run was stopped that left something to save.</summary>
    public async Task Wanted(CancellationToken cancel) => await wanted.Reader.ReadAsync(cancel);

    public void Dispose() => saving.Dispose();

    private async Task SaveEach(CancellationToken cancel)
    {
        foreach (var id in workspaces.Kept)
        {
            var task = await Grain(id).Find();
            if (task is null or { Phase: Phase.Done, Status: Status.Success } || workspaces.IsSuperseded(id, task.RemoteSha, task.Checkpoint))
            {
                LogSuperseded(id);
                workspaces.EndWork(id);
            }
            else if (task.Run is null)
            {
                await AfterRun(task, cancel);
            }
        }
    }

    /// <summary>Null if there is nothing new.</summary>
    private async Task<PushOutcome?> Save(TaskState task, bool ended, CancellationToken cancel)
    {
        var (now, before) = await Make(task, ended, cancel);
        return now is null ? null : await Push(task, now, before, ended, cancel);
    }

    /// <summary>A snapshot that the task knows of, and what is at its own ref so far; no snapshot if there is nothing new.</summary>
    private async Task<(Snapshot? Now, string? Before)> Make(TaskState task, bool ended, CancellationToken cancel)
    {
        if (!workspaces.IsUnsaved(task.Id)) return (null, null);
        var order = new CommitOrder($"Work in progress on {task.Branch}", task.Id, task.Run?.RunId ?? "none", git.Value.AuthorName, git.Value.AuthorEmail);
        var (now, before) = await workspaces.Snapshot(order, cancel);
        if (now is null)
        {
            workspaces.Saved(task.Id, null, ended);
            return (null, null);
        }

        await TellOrAsk(task, now.Sha);
        workspaces.Told(task.Id, now.Sha);
        return (now, before ?? task.Checkpoint);
    }

    private async Task<PushOutcome> Push(TaskState task, Snapshot now, string? before, bool ended, CancellationToken cancel)
    {
        var outcome = await Push(task, now.Sha, before, ended, cancel);
        if (outcome is PushOutcome.Pushed or PushOutcome.AlreadyThere) workspaces.Saved(task.Id, now.Files, ended);
        return outcome;
    }

    private async Task<PushOutcome?> SaveCommit(TaskState task, string sha, CancellationToken cancel)
    {
        var repo = forges.Parse(task);
        if (!await mirrors.Has(await forges.Of(repo).Remote(repo, cancel), sha, cancel)) return null;
        await TellOrAsk(task, sha);
        var outcome = await Push(task, sha, task.Checkpoint, ended: true, cancel);
        if (outcome is PushOutcome.Pushed or PushOutcome.AlreadyThere) workspaces.Saved(task.Id, null, ended: true);
        return outcome;
    }

    private async Task<PushOutcome> Push(TaskState task, string sha, string? last, bool ended, CancellationToken cancel)
    {
        TimeSpan? limit = ended ? RunLimit : null;
        var outcome = await refs.Save(await Remote(task, cancel), task.Id, sha, last, StillMine(task), limit, cancel);
        Log(task, outcome switch
        {
            PushOutcome.Pushed or PushOutcome.AlreadyThere => $"checkpoint {sha[..10]} at {RefOf(task.Id)}",
            PushOutcome.Refused no => $"no checkpoint: the server refuses {RefOf(task.Id)}: {no.Detail}",
            PushOutcome.Failed bad => $"no checkpoint: {bad.Detail}",
            _ => "no checkpoint: the task has gone on elsewhere",
        });
        return outcome;
    }

    private async Task<PushOutcome?> Quietly(TaskState task, Func<Task<PushOutcome?>> save, CancellationToken cancel)
    {
        try
        {
            return await save();
        }
        catch (Exception trouble) when (!cancel.IsCancellationRequested)
        {
            LogFailed(task.Id, trouble);
            if (trouble is not OperationCanceledException) Log(task, $"no checkpoint: {trouble.Message}");
            return null;
        }
    }

    private async Task TellOrAsk(TaskState task, string sha)
    {
        if (task.Checkpoint != sha) await Tell(task, sha);
        else if (!await StillMine(task)()) throw new OperationCanceledException("the run was taken away");
    }

    private async Task Tell(TaskState task, string? sha)
    {
        if (await Grain(task.Id).Tell(new Checkpointed(sha), task.Step) is null) throw new OperationCanceledException("the run was taken away");
    }

    /// <summary>Nobody has the task but the run that saves, or, between runs, nobody at all.</summary>
    private Func<Task<bool>> StillMine(TaskState task) => task.Run is { } run
        ? () => Grain(task.Id).MayPush(task.Step, run.RunId)
        : async () => await Grain(task.Id).Find() is { Run: null } now && now.Step == task.Step;

    private async Task<GitRemote> Remote(TaskState task, CancellationToken cancel)
    {
        var repo = forges.Parse(task);
        return await forges.Of(repo).RemoteForPush(repo, cancel);
    }

    private ITaskGrain Grain(string taskId) => grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(taskId));

    private static string RefOf(string taskId) => $"refs/ampx/{taskId}";

    private static bool IsFull(GitException trouble) =>
        trouble.Errors.Contains("No space left", StringComparison.OrdinalIgnoreCase) || trouble.Errors.Contains("quota", StringComparison.OrdinalIgnoreCase);

    private void Log(TaskState task, string text) => logs.Write(task.Id, task.Attempt?.Number ?? 0, "git", text);

    [LoggerMessage(LogLevel.Warning, "task {Task}: no checkpoint could be made")]
    private partial void LogFailed(string task, Exception exception);

    [LoggerMessage(LogLevel.Debug, "task {Task}: no more checkpoints of this run")]
    private partial void LogOver(string task, Exception exception);

    [LoggerMessage(LogLevel.Information, "task {Task} has gone on without the work in its tree here, which is not kept any longer")]
    private partial void LogSuperseded(string task);
}
