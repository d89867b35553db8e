using System.Collections.Concurrent;
using System.Collections.Immutable;
using Ampx.Core.Api;
using Ampx.Core.Ci;
using Ampx.Core.Logs;
using Ampx.Core.Tasks;
using Orleans.Runtime;

namespace Ampx.Tests.Gateway;

/// <summary>All tasks of a service, in memory: index and grains in one, over the real <see cref="TaskMachine"/>.</summary>
internal sealed partial class FakeTasks(TimeProvider time) : IGrainFactory, ITaskIndex
{
    private readonly ConcurrentDictionary<string, FakeTask> tasks = new(StringComparer.Ordinal);

    public FakeTask this[string id] => tasks[ITaskGrain.KeyOf(id)];

    public Exception? Trouble { get; set; }

    /// <summary>What happens instead of a new task.</summary>
    public Exception? LosesTasks { get; set; }

    public FakeDoctor Doctor { get; } = new();

    public FakeQueue Queue { get; } = new();

    public FakeAdmin Admin { get; } = new();

    public FakeRemovedTasks Removed { get; } = new();

    /// <summary>What the repositories' watches were told.</summary>
    public ConcurrentQueue<(string Watch, string Delivery, string? About)> Hints { get; } = [];

    /// <summary>A task that is there already.</summary>
    public FakeTask Has(string id, string owner = "somebody", string repo = "acme/shop")
    {
        var task = Grain(ITaskGrain.KeyOf(id));
        task.State = TaskMachine.Create(new() { Id = id, Owner = owner, Repo = repo, Forge = ForgeKind.Git, Agent = "amp", Prompt = $"work of {id}" }, time.GetUtcNow(), new());
        return task;
    }

    public Task<TaskPage> List(TaskFilter filter, CancellationToken cancel)
    {
        if (Trouble is not null) throw Trouble;
        var all = States()
            .Where(task => filter.Statuses is null || filter.Statuses.Contains(task.Status))
            .Where(task => (filter.Repo ?? task.Repo) == task.Repo && (filter.Owner ?? task.Owner) == task.Owner)
            .Where(task => filter.Before is null || string.CompareOrdinal(task.Id, filter.Before) < 0)
            .OrderByDescending(task => task.Id, StringComparer.Ordinal).ToList();
        var page = all.Take(filter.Limit).ToList();
        return Task.FromResult(new TaskPage(page, page.Count < all.Count ? page[^1].Id : null));
    }

    public Task<IReadOnlyList<string>> Resolve(string part, CancellationToken cancel) => Task.FromResult<IReadOnlyList<string>>(
        [.. States().Select(task => task.Id).Where(id => id == part || (part.Length >= 4 && id.EndsWith(part, StringComparison.Ordinal)) || id.StartsWith(part, StringComparison.Ordinal)).Take(10)]);

    public Task<IReadOnlyDictionary<Status, int>> CountByStatus(CancellationToken cancel) =>
        Task.FromResult<IReadOnlyDictionary<Status, int>>(States().CountBy(task => task.Status).ToDictionary());

    public Task<IReadOnlyList<EndedTask>> Ended(DateTimeOffset since, CancellationToken cancel) => Task.FromResult<IReadOnlyList<EndedTask>>(
        [.. States().Where(task => task.FinishedAt >= since).Select(task => new EndedTask(task.Status, task.CreatedAt, task.CreatedAt, task.FinishedAt!.Value, task.Attempt?.Number ?? 0, task.Usage))]);

    public Task<IReadOnlyList<TimelineEntry>> Timeline(string taskId, CancellationToken cancel) => Task.FromResult<IReadOnlyList<TimelineEntry>>(
        [.. this[taskId].Past.Select(task => new TimelineEntry(task.Version, task.UpdatedAt, task.Status, task.Phase, task.Attempts, task.Last.Cause, task.Last.By, task.Last.Detail))]);

    public Task<IReadOnlyList<Attempt>> Attempts(string taskId, CancellationToken cancel) => Task.FromResult<IReadOnlyList<Attempt>>(
        this[taskId].State?.Attempt is { } attempt ? [attempt] : []);

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey =>
        (TGrainInterface)(object)(typeof(TGrainInterface) == typeof(ICiWatchGrain) || typeof(TGrainInterface) == typeof(IPullRequestWatchGrain) ? new FakeWatch(primaryKey, Hints) : Grain(primaryKey));

    private FakeTask Grain(string key) => tasks.GetOrAdd(key, _ => new FakeTask(time, () => LosesTasks));

    private IEnumerable<TaskState> States() => tasks.Values.Select(task => task.State).OfType<TaskState>();

    // The gateway asks for tasks, for watches, for the doctor, for the queue, for the admin and for what is left of removed tasks.
    TGrainInterface IGrainFactory.GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix) => throw new NotSupportedException();
    TGrainInterface IGrainFactory.GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix) => Doctor is TGrainInterface doctor ? doctor : Queue is TGrainInterface queue ? queue : Admin is TGrainInterface admin ? admin : Removed is TGrainInterface removed ? removed : throw new NotSupportedException();
    TGrainInterface IGrainFactory.GetGrain<TGrainInterface>(Guid primaryKey, string keyExtension, string? grainClassNamePrefix) => throw new NotSupportedException();
    TGrainInterface IGrainFactory.GetGrain<TGrainInterface>(long primaryKey, string keyExtension, string? grainClassNamePrefix) => throw new NotSupportedException();
    TGrainObserverInterface IGrainFactory.CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj) => throw new NotSupportedException();
    void IGrainFactory.DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj) => throw new NotSupportedException();
    IGrain IGrainFactory.GetGrain(Type grainInterfaceType, Guid grainPrimaryKey) => throw new NotSupportedException();
    IGrain IGrainFactory.GetGrain(Type grainInterfaceType, long grainPrimaryKey) => throw new NotSupportedException();
    IGrain IGrainFactory.GetGrain(Type grainInterfaceType, string grainPrimaryKey) => throw new NotSupportedException();
    IGrain IGrainFactory.GetGrain(Type grainInterfaceType, Guid grainPrimaryKey, string keyExtension) => throw new NotSupportedException();
    IGrain IGrainFactory.GetGrain(Type grainInterfaceType, long grainPrimaryKey, string keyExtension) => throw new NotSupportedException();
    TGrainInterface IGrainFactory.GetGrain<TGrainInterface>(GrainId grainId) => throw new NotSupportedException();
    IAddressable IGrainFactory.GetGrain(Type grainInterfaceType, IdSpan grainKey) => throw new NotSupportedException();
    IAddressable IGrainFactory.GetGrain(Type grainInterfaceType, IdSpan grainKey, string grainClassNamePrefix) => throw new NotSupportedException();
    IAddressable IGrainFactory.GetGrain(GrainId grainId) => throw new NotSupportedException();
    IAddressable IGrainFactory.GetGrain(GrainId grainId, GrainInterfaceType interfaceType) => throw new NotSupportedException();
}

/// <summary>Only listens.</summary>
internal sealed class FakeWatch(string key, ConcurrentQueue<(string Watch, string Delivery, string? About)> hints) : ICiWatchGrain, IPullRequestWatchGrain
{
    public Task Start(ImmutableArray<string> spellings) => throw new NotSupportedException();

    public Task Start() => throw new NotSupportedException();

    public Task Watch(string taskId, int step) => throw new NotSupportedException();

    public Task Watch() => throw new NotSupportedException();

    public Task Look(string taskId) => throw new NotSupportedException();

    public Task Hint(string deliveryId, int number) => Hint(deliveryId, $"#{number}");

    public Task Hint(string deliveryId, string? sha)
    {
        hints.Enqueue((key, deliveryId, sha));
        return Task.CompletedTask;
    }
}

/// <summary>Finds what it was told to find.</summary>
internal sealed class FakeDoctor : IDoctorGrain
{
    public IReadOnlyList<DoctorCheck> Finds { get; set; } = [];
    public string? Asked { get; private set; }

    public Task<IReadOnlyList<DoctorCheck>> Examine(string? repo, CancellationToken cancel)
    {
        Asked = repo;
        return Task.FromResult(Finds);
    }
}

/// <summary>A task's grain without Orleans: the machine and its state.</summary>
internal sealed class FakeTask(TimeProvider time, Func<Exception?> storage) : ITaskGrain
{
    private static readonly TaskRules Rules = new();
    private TaskState? state;

    public List<TaskState> Past { get; } = [];

    /// <summary>What happens as soon as a merge is ordered, or an armed one taken back.</summary>
    public TaskEvent? OnMerge { get; set; }

    public TaskState? State
    {
        get => state;
        set
        {
            state = value;
            if (value is not null) Past.Add(value);
        }
    }

    /// <summary>Carries the task on.</summary>
    public FakeTask Hears(params TaskEvent[] news)
    {
        foreach (var one in news) State = TaskMachine.Apply(State!, one with { At = time.GetUtcNow() }, Rules);
        return this;
    }

    /// <summary>Carries a new task to green CI.</summary>
    public FakeTask Succeeds()
    {
        var green = new Core.Ci.CiReport("green", []);
        return Hears(
            new Claimed(new("run-1", "worker-1", RunKind.Agent)), new Prepared("main", "b0", "b0", null, null), new AgentCommitted("c1", "done", null),
            new Pushed("c1"), new Claimed(new("run-2", "worker-1", RunKind.Ci)), new CiCommandEnded(green, null, null));
    }

    public Task<TaskState> Create(NewTask order)
    {
        if (storage() is { } lost) throw lost;
        State ??= TaskMachine.Create(order, time.GetUtcNow(), Rules);
        return Task.FromResult(State);
    }

    public Task<TaskState?> Find() => Task.FromResult(State);

    public Task<Refusal?> Order(TaskEvent order, int? ifVersion)
    {
        if (ifVersion is { } version && version != State!.Version) return Task.FromResult<Refusal?>(new("precondition_failed", "it has moved on"));
        if (TaskMachine.WhyNot(State!, order) is { } refusal) return Task.FromResult<Refusal?>(refusal);
        Hears(order);
        if (State!.Phase is Phase.Merging && OnMerge is not null) Hears(OnMerge);
        return Task.FromResult<Refusal?>(null);
    }

    public Task<Refusal?> Remove(int? ifVersion)
    {
        if (ifVersion is { } version && version != State?.Version) return Task.FromResult<Refusal?>(new("precondition_failed", "it has moved on"));
        if (State is { } now && TaskMachine.WhyNotRemoved(now) is { } refusal) return Task.FromResult<Refusal?>(refusal);
        State = null;
        return Task.FromResult<Refusal?>(null);
    }

    /// <summary>What it says of its progress.</summary>
    public TaskProgress? HowFar { get; set; }

    public Task<TaskProgress?> Progress() => Task.FromResult(HowFar);

    public Task Report(int step, TaskProgress progress) => throw new NotSupportedException();

    public Task<TaskState> GetState() => Task.FromResult(State!);
    public Task<TaskState?> Claim(int step, RunClaim run) => throw new NotSupportedException();
    public Task<TaskState?> Tell(TaskEvent news, int step) => throw new NotSupportedException();
    public Task<bool> MayPush(int step, string runId) => throw new NotSupportedException();
    public Task Wake() => throw new NotSupportedException();
}

/// <summary>Notes whom it was to clear up after.</summary>
internal sealed class FakeRemovedTasks : IRemovedTasksGrain
{
    public ConcurrentQueue<string> Cleared { get; } = [];
    public Task Busy { get; set; } = Task.CompletedTask;

    public Task Clear(string taskId)
    {
        Cleared.Enqueue(taskId);
        return Busy;
    }

    public Task Sweep() => throw new NotSupportedException();
}

/// <summary>Idempotency-Keys in memory.</summary>
internal sealed class FakeRequestKeys : IRequestKeys
{
    private readonly ConcurrentDictionary<(string Owner, string Key), RequestKey> kept = [];

    public HashSet<string> Removed { get; } = [];

    public Task<RequestKey?> Find(string owner, string key, CancellationToken cancel) => Task.FromResult(kept.TryGetValue((owner, key), out var use) ? Now(use) : null);

    public Task<RequestKey> Keep(string owner, string key, RequestKey use, CancellationToken cancel) => Task.FromResult(Now(kept.GetOrAdd((owner, key), use)));

    private RequestKey Now(RequestKey use) => use with { Removed = Removed.Contains(use.TaskId) };
}

/// <summary>Logs in memory; a follower is told at once when a line comes.</summary>
internal sealed class FakeLogs(TimeProvider time) : ILogReader
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, List<LogEntry>> lines = new(StringComparer.Ordinal);
    private TaskCompletionSource news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was last asked for.</summary>
    public LogQuery? Asked { get; private set; }

    /// <summary>Adds a line to the task's log.</summary>
    public void Prints(string taskId, string text, string source = "agent", int attempt = 1)
    {
        TaskCompletionSource old;
        lock (gate)
        {
            if (!lines.TryGetValue(taskId, out var log)) lines[taskId] = log = [];
            log.Add(new(log.Count + 1, time.GetUtcNow(), source, attempt, "out", text));
            (old, news) = (news, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        old.SetResult();
    }

    public Task<IReadOnlyList<LogEntry>> Read(string taskId, LogQuery query, CancellationToken cancel)
    {
        lock (gate)
        {
            Asked = query;
            var found = lines.GetValueOrDefault(taskId, []).Where(line =>
                line.Seq > query.After && query.Sources?.Contains(line.Source) is not false && (query.Attempt ?? line.Attempt) == line.Attempt
                && (query.Since is null || line.Time >= query.Since));
            if (query.Tail is { } tail) found = found.TakeLast(tail);
            return Task.FromResult<IReadOnlyList<LogEntry>>([.. found.Take(query.Limit)]);
        }
    }

    public async Task Changed(string taskId, long after, CancellationToken cancel)
    {
        Task told;
        lock (gate)
        {
            if (lines.GetValueOrDefault(taskId, []).Count > after) return;
            told = news.Task;
        }

        await told.WaitAsync(cancel);
    }
}

/// <summary>A service whose machines can do anything but what it was told they can't.</summary>
internal sealed class FakeFacts : IServiceFacts
{
    public Refusal? Refuses { get; set; }
    public string Changes { get; set; } = "";

    /// <summary>Nothing is answered until <see cref="Release"/>.</summary>
    public bool Hangs { get; set; }

    private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release() => released.SetResult();

    public async Task<(NewTask? Order, Refusal? Refusal)> Check(StartTask request, string owner, CancellationToken cancel)
    {
        if (Hangs) await released.Task.WaitAsync(cancel);
        return Answer(request, owner);
    }

    private (NewTask? Order, Refusal? Refusal) Answer(StartTask request, string owner) => Refuses is null
        ? (new NewTask
        {
            Id = Ulid.NewUlid().ToString(),
            Owner = owner,
            Repo = request.Repo!,
            Base = request.Base,
            Agent = request.Agent ?? "amp",
            Prompt = request.Prompt ?? "",
            Issue = request.Issue,
            AutoMerge = request.AutoMerge,
            MaxAttempts = request.MaxAttempts ?? 3,
            MaxTokens = request.MaxTokens,
            MaxTime = request.MaxTime,
            CiCommand = request.Ci,
            Draft = request.Draft,
        }, null)
        : ((NewTask?)null, Refuses);

    /// <summary>Why the branch of any ended task takes no more work.</summary>
    public Refusal? BranchGone { get; set; }

    public Task<Refusal?> WhyBranchGone(TaskState task, CancellationToken cancel) => Task.FromResult(task.Ended ? BranchGone : null);

    public async Task<string> Diff(TaskState task, CancellationToken cancel)
    {
        if (Hangs) await released.Task.WaitAsync(cancel);
        return Changes;
    }
}
