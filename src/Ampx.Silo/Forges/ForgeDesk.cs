using System.Collections.Concurrent;
using Ampx.Core;
using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Ampx.Gateway;
using Ampx.Silo.Telemetry;
using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Forges;

/// <summary>
/// Does what a task asks of its forge, outside grain turns, and reports back with the step that it was asked in.
/// Asked twice for the same step it does it once; asked again after a crash it does it again, which every forge call allows.
/// </summary>
public sealed partial class ForgeDesk(Forges forges, IGrainFactory grains, TimeProvider clock, ILogger<ForgeDesk> log)
{
    /// <summary>How long a person's order waits for what the forge says.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Longer than a database is ever away; one that ends with its silo is done again elsewhere.</summary>
    private const int Tries = 3600;

    private readonly ConcurrentDictionary<(string Task, int Step), TaskEffect> underWay = new();

    /// <summary>The key of the watch over this repository's CI.</summary>
    public string KeyOf(string repo) => $"ci-{forges.KeyOf(repo)}";

    /// <summary>The key of the watch over this repository's pull requests.</summary>
    public string PullRequestKeyOf(string repo) => IPullRequestWatchGrain.KeyOf(forges.KeyOf(repo));

    /// <inheritdoc cref="IForge.ListCi"/>
    /// <param name="repo">As a task on GitHub has it.</param>
    public Task<CiListing> ListCi(string repo, CiScope scope, CiListing? before, CancellationToken cancel)
    {
        var parsed = forges.Parse(repo, ForgeKind.GitHub);
        return forges.Of(parsed).ListCi(parsed, scope, before, cancel);
    }

    /// <inheritdoc cref="IForge.CountJobs"/>
    /// <param name="repo">As a task on GitHub has it.</param>
    public Task<CiJobs?> CountJobs(string repo, IReadOnlyList<ListedRun> runs, CiJobs? before, CancellationToken cancel)
    {
        var parsed = forges.Parse(repo, ForgeKind.GitHub);
        return forges.Of(parsed).CountJobs(parsed, runs, before, cancel);
    }

    /// <inheritdoc cref="IForge.ReadCi"/>
    public Task<CiLook> ReadCi(TaskState task, CancellationToken cancel)
    {
        var repo = forges.Parse(task);
        return forges.Of(repo).ReadCi(repo, task, cancel);
    }

    /// <inheritdoc cref="IForge.SeePullRequest"/>
    public Task<PullRequestSeen?> SeePullRequest(TaskState task, CancellationToken cancel)
    {
        var repo = forges.Parse(task);
        return forges.Of(repo).SeePullRequest(repo, task, cancel);
    }

    /// <summary>Asks the forge, not for long, whether the branch of an ended task still takes work, and tells the task what became of its pull request.</summary>
    /// <returns>Null if it does, or the forge didn't say.</returns>
    public async Task<Refusal?> WhyBranchGone(TaskState task, CancellationToken cancel)
    {
        if (!task.Ended || task is { RemoteSha: null } or { PullRequest.State: PullRequestState.Merged }) return null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        try
        {
            var repo = forges.Parse(task);
            var forge = forges.Of(repo);
            var seen = await forge.SeePullRequest(repo, task, limit.Token);
            if (seen is not null) await grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(task.Id)).Tell(seen, task.Step);
            if (seen is { PullRequest.State: PullRequestState.Merged }) return null; // The task itself knows now.
            return await forge.WhyBranchGone(repo, task, limit.Token) is { } why ? new Refusal(ErrorCodes.BranchGone, $"{why}, so it takes no more work: start a new task") : null;
        }
        catch (Exception unheard) when (!cancel.IsCancellationRequested)
        {
            LogNotSaid(task.Id, unheard);
            return null;
        }
    }

    /// <summary>Begins <paramref name="effect"/> unless this step of the task is being done already.</summary>
    public void Start(TaskState task, TaskEffect effect)
    {
        var key = (task.Id, task.Step);
        if (!underWay.TryAdd(key, effect)) return;
        // Task.Run leaves the grain's scheduler: the grain goes on taking calls meanwhile.
        _ = Task.Run(async () =>
        {
            try
            {
                await Do(task, effect);
            }
            catch (Exception failed)
            {
                LogLost(task.Id, effect.GetType().Name, failed);
            }
            finally
            {
                underWay.TryRemove(key, out _);
            }
        });
    }

    private async Task Do(TaskState task, TaskEffect effect)
    {
        using var span = Traces.Work($"work {AmpxJson.Word(task.Phase)}", task.Trace, task.Id);
        TaskEvent news;
        try
        {
            var repo = forges.Parse(task);
            var forge = forges.Of(repo);
            news = effect switch
            {
                CollectFeedback => await forge.CollectFeedback(repo, task, CancellationToken.None),
                OpenPullRequest open => new PullRequestOpened(await forge.OpenPullRequest(repo, task, open.Draft, CancellationToken.None)),
                MergePullRequest merge => await forge.Merge(repo, task, merge.Order, CancellationToken.None),
                _ => throw new ArgumentException($"{effect.GetType().Name} is not a forge's work", nameof(effect)),
            };
        }
        catch (Exception failed)
        {
            LogFailed(task.Id, effect.GetType().Name, failed);
            span.Failed(failed);
            news = Trouble.NewsOf(failed, task.Forge is ForgeKind.GitHub ? ErrorCodes.CiInfrastructure : ErrorCodes.CloneFailed);
        }

        await TellPatiently(task, news);
    }

    /// <summary>What the forge has done is told once the task can hear it: done again with the next wake-up it would cost minutes.</summary>
    private async Task TellPatiently(TaskState task, TaskEvent news)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(task.Id)).Tell(news, task.Step);
                return;
            }
            catch (Exception away) when (Unreachable.Is(away) && tries < Tries)
            {
                LogNotHeard(task.Id, away);
                await Task.Delay(Pause, clock);
            }
        }
    }

    [LoggerMessage(LogLevel.Debug, "task {Task} can't be reached; telling it again")]
    private partial void LogNotHeard(string task, Exception exception);

    [LoggerMessage(LogLevel.Warning, "task {Task}: {Effect} failed")]
    private partial void LogFailed(string task, string effect, Exception exception);

    [LoggerMessage(LogLevel.Information, "task {Task}: the forge didn't say in time whether the branch is still there; the order is taken")]
    private partial void LogNotSaid(string task, Exception exception);

    [LoggerMessage(LogLevel.Error, "task {Task}: what {Effect} came to couldn't be told; the next wake-up does it again")]
    private partial void LogLost(string task, string effect, Exception exception);
}
