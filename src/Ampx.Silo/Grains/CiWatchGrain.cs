using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Ampx.Silo.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;

namespace Ampx.Silo.Grains;

/// <summary>Stores nothing: on activation it reads its waiting tasks from the index.</summary>
[Reentrant]
public sealed partial class CiWatchGrain(
    ITaskRows rows, ForgeDesk desk, TimeProvider clock, IOptionsMonitor<CiOptions> options, ILogger<CiWatchGrain> log) : Grain, ICiWatchGrain
{
    /// <summary>Looks in a row that may fail before the task itself backs off, where it shows.</summary>
    private const int FailuresHidden = 3;
    private const int AtOnce = 8;

    /// <summary>The next round begins when the last look of this one has ended: none may hold up the others for long.</summary>
    private static readonly TimeSpan LookLimit = TimeSpan.FromMinutes(2);

    private readonly Dictionary<string, Waiting> waiting = [];
    private readonly SeenDeliveries deliveries = new();
    private IGrainTimer timer = null!;

    private sealed record Waiting(int Step, int Failures, bool Looking);

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var interval = options.CurrentValue.PollInterval;
        timer = this.RegisterGrainTimer(_ => LookAtAll(), new GrainTimerCreationOptions(interval, interval) { KeepAlive = true, Interleave = true });
        var key = this.GetPrimaryKeyString();
        foreach (var task in await rows.WaitingForCi(null, cancellationToken))
        {
            if (desk.KeyOf(task.Repo) == key) waiting[task.TaskId] = new Waiting(task.Step, 0, false);
        }

        if (waiting.Count > 0) timer.Change(TimeSpan.FromMilliseconds(1), interval);
    }

    public Task Start() => Task.CompletedTask;

    public Task Watch(string taskId, int step)
    {
        if (waiting.TryGetValue(taskId, out var known) && known.Step >= step) return Task.CompletedTask;
        waiting[taskId] = new Waiting(step, 0, false);
        timer.Change(TimeSpan.FromMilliseconds(1), options.CurrentValue.PollInterval);
        return Task.CompletedTask;
    }

    public Task Hint(string deliveryId, string? sha)
    {
        if (deliveries.Add(deliveryId) && waiting.Count > 0) timer.Change(TimeSpan.FromMilliseconds(1), options.CurrentValue.PollInterval);
        return Task.CompletedTask;
    }

    private async Task LookAtAll()
    {
        if (waiting.Count == 0)
        {
            DeactivateOnIdle();
            return;
        }

        using var permits = new SemaphoreSlim(AtOnce);
        await Task.WhenAll(waiting.Where(entry => !entry.Value.Looking).Select(entry => entry.Key).ToList().Select(async task =>
        {
            await permits.WaitAsync();
            try
            {
                await Look(task);
            }
            finally
            {
                permits.Release();
            }
        }));
    }

    private async Task Look(string taskId)
    {
        if (!waiting.TryGetValue(taskId, out var seen) || seen.Looking) return;
        waiting[taskId] = seen with { Looking = true };
        var (waits, failures) = (true, seen.Failures);
        try
        {
            var task = GrainFactory.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(taskId));
            var state = await task.Find();
            waits = state is { Phase: Phase.WaitingForCi, HeadSha: not null } && state.Step == seen.Step;
            if (waits) failures = await Read(task, state!, failures);
        }
        catch (Exception unheard)
        {
            LogLookFailed(taskId, clock.GetUtcNow(), unheard);
        }
        finally
        {
            // Meanwhile the task may have been handed over again, for its next step.
            if (waiting.TryGetValue(taskId, out var now) && now.Step == seen.Step)
            {
                if (waits) waiting[taskId] = now with { Looking = false, Failures = failures };
                else waiting.Remove(taskId);
            }
        }
    }

    /// <summary>Reads CI and tells the task what it says, or that it couldn't be read for too long.</summary>
    /// <returns>Failures in a row now.</returns>
    private async Task<int> Read(ITaskGrain task, TaskState state, int failures)
    {
        TaskEvent? news;
        try
        {
            using var limit = new CancellationTokenSource(LookLimit, clock);
            news = await desk.ReadCi(state, limit.Token);
            failures = 0;
        }
        catch (Exception failed)
        {
            LogLookFailed(state.Id, clock.GetUtcNow(), failed);
            var code = failed is ForgeException told ? told.Code : ErrorCodes.CiInfrastructure;
            news = ++failures >= FailuresHidden || ErrorCodes.Fatal.Contains(code) ? new StepFailed(code, failed.Message) : null;
        }

        if (news is not null) await task.Tell(news, state.Step);
        return failures;
    }

    [LoggerMessage(LogLevel.Warning, "task {Task}: CI couldn't be read at {Time:O}; the next look tries again")]
    private partial void LogLookFailed(string task, DateTimeOffset time, Exception exception);
}
