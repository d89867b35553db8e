using System.Collections.Concurrent;
using Ampx.Core.Tasks;
using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Forges;

/// <summary>
/// Does what a task asks of its forge, outside grain turns, and reports back with the step that it was asked in.
/// Asked twice for the same step it does it once; asked again after a crash it does it again, which every forge call allows.
/// </summary>
public sealed partial class ForgeDesk(Forges forges, IGrainFactory grains, ILogger<ForgeDesk> log)
{
    private readonly ConcurrentDictionary<(string Task, int Step), Task> underWay = new();

    /// <summary>The key of the watch over this repository's CI.</summary>
    public string KeyOf(string repo) => $"ci-{forges.Parse(repo).Key}";

    /// <inheritdoc cref="KeyOf(string)"/>
    public string KeyOf(TaskState task) => KeyOf(task.Repo);

    /// <inheritdoc cref="IForge.ReadCi"/>
    public Task<TaskEvent?> ReadCi(TaskState task, CancellationToken cancel)
    {
        var repo = forges.Parse(task.Repo);
        return forges.Of(repo).ReadCi(repo, task, cancel);
    }

    /// <summary>Begins <paramref name="effect"/> unless this step of the task is being done already.</summary>
    public void Start(TaskState task, TaskEffect effect)
    {
        var key = (task.Id, task.Step);
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!underWay.TryAdd(key, start.Task)) return;
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
                start.SetResult();
            }
        });
    }

    private async Task Do(TaskState task, TaskEffect effect)
    {
        TaskEvent news;
        try
        {
            var repo = forges.Parse(task.Repo);
            var forge = forges.Of(repo);
            news = effect switch
            {
                CollectFeedback => await forge.CollectFeedback(repo, task, CancellationToken.None),
                OpenPullRequest open => new PullRequestOpened(await forge.OpenPullRequest(repo, task, open.Draft, CancellationToken.None)),
                MergePullRequest merge => await forge.Merge(repo, task, merge.Order, CancellationToken.None),
                _ => throw new ArgumentException($"{effect.GetType().Name} is not a forge's work", nameof(effect)),
            };
        }
        catch (ForgeException failed)
        {
            news = new StepFailed(failed.Code, failed.Message);
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException or TimeoutException or OperationCanceledException)
        {
            news = new StepFailed(task.Forge is ForgeKind.GitHub ? ErrorCodes.CiInfrastructure : ErrorCodes.CloneFailed, failed.Message);
        }

        await grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(task.Id)).Tell(news, task.Step);
    }

    [LoggerMessage(LogLevel.Error, "task {Task}: {Effect} broke; the next wake-up does it again")]
    private partial void LogLost(string task, string effect, Exception exception);
}
